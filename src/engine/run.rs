//! One operation that core asked for: the one way to wait, to be interrupted, and to try again.
//!
//! Core waits for an answer without limit, and does not end the provider when a person presses Ctrl-C: it asks the provider
//! to stop. So every wait of an operation goes through a [`Run`]:
//!
//! | the run is interrupted | what follows |
//! | --- | --- |
//! | before a call | the call is not sent |
//! | during a call | the answer has 0.7 s left to come |
//! | during a pause | the pause ends at once |
//!
//! A run that has a deadline ends in the same way when it comes, but then no time is left for an answer.

use std::{sync::Arc, time::Duration};

use tfplugin::{Call, Diagnostics, Stop, StopReason};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::{
    clusters::ProviderData,
    errors::{self, Summary},
};

/// One operation that core asked for.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    provider: Option<Arc<ProviderData>>,
    stop: Stop,
    phase: Phase,
    deadline: Option<Instant>,
}

/// What core is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It reads what is there.
    Refresh,
    /// It asks what would become of it.
    Plan,
    /// It makes the change. A cluster that has just become active may not let the provider join at once, so an apply tries to
    /// join again for a while.
    Apply,
}

/// Why a run ended before its work did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was interrupted before the work began.
    NotBegun(StopReason),
    /// It was interrupted.
    Stopped(StopReason),
    /// Its deadline came.
    Deadline,
}

impl Run {
    /// A read of a resource, or an import.
    pub(crate) fn refresh(call: &Call<ProviderData>) -> Self {
        Self::new(call, Phase::Refresh)
    }

    /// A plan.
    pub(crate) fn plan(call: &Call<ProviderData>) -> Self {
        Self::new(call, Phase::Plan)
    }

    /// A create, update or delete.
    pub(crate) fn apply(call: &Call<ProviderData>) -> Self {
        Self::new(call, Phase::Apply)
    }

    /// The read of a data source or ephemeral resource. Core does not say in which phase it asks for one: it is taken for a
    /// part of the apply where this process has just written.
    pub(crate) fn read(call: &Call<ProviderData>) -> Self {
        let provider = call.client.as_ref();
        let is_apply = provider.is_some_and(|provider| provider.own_writes().has_recent());
        Self::new(call, if is_apply { Phase::Apply } else { Phase::Plan })
    }

    fn new(call: &Call<ProviderData>, phase: Phase) -> Self {
        Self {
            provider: call.client.clone(),
            stop: call.stop.clone(),
            phase,
            deadline: None,
        }
    }

    /// The same run, which ends at this time at the latest.
    pub(crate) fn until(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The configured provider. None where core has not configured it.
    pub(crate) fn provider(&self) -> Option<&ProviderData> {
        self.provider.as_deref()
    }

    /// What core is doing.
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// The answer of a call. None and an error when the run ended before it came. `doing` says what was being done, such as
    /// `reading the role "editor"`.
    pub(crate) async fn call<T>(
        &self,
        doing: &str,
        diags: &mut Diagnostics,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let finished = self.finish(work).await;
        finished.map_err(|end| end.explain(doing).add(diags)).ok()
    }

    /// The answer of a call that changes something. None and an error when the run ended before it came: the cluster may have
    /// made the change. `find_out` says how to find that out.
    pub(crate) async fn write<T>(
        &self,
        doing: &str,
        find_out: &str,
        diags: &mut Diagnostics,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        match self.finish(work).await {
            Ok(answer) => Some(answer),
            Err(end @ End::NotBegun(_)) => {
                end.explain(doing).add(diags);
                None
            }
            Err(end) => {
                end.explain(doing)
                    .detail(format!("The cluster may have carried it out. {find_out}"))
                    .add(diags);
                None
            }
        }
    }

    /// Waits. None and an error when the run ended before.
    pub(crate) async fn pause(
        &self,
        doing: &str,
        diags: &mut Diagnostics,
        duration: Duration,
    ) -> Option<()> {
        let paused = self.wait(duration).await;
        paused.map_err(|end| end.explain(doing).add(diags)).ok()
    }

    /// The answer of a call.
    ///
    /// # Errors
    ///
    /// Why the run ended before it came.
    pub(crate) async fn finish<T>(&self, work: impl Future<Output = T>) -> Result<T, End> {
        if let Some(reason) = self.stop.reason() {
            return Err(End::NotBegun(reason));
        }
        tokio::pin!(work);
        tokio::select! {
            biased;
            answer = &mut work => Ok(answer),
            reason = self.stop.requested() => {
                timeout(MOMENT, &mut work).await.map_err(|_| End::Stopped(reason))
            }
            () = self.deadline() => Err(End::Deadline),
        }
    }

    /// The answer of a call that is made even after the run was interrupted, if it comes soon.
    pub(crate) async fn briefly<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        timeout(MOMENT, work).await.ok()
    }

    /// Waits.
    ///
    /// # Errors
    ///
    /// Why the run ended before.
    pub(crate) async fn wait(&self, duration: Duration) -> Result<(), End> {
        tokio::select! {
            biased;
            reason = self.stop.requested() => Err(End::Stopped(reason)),
            () = self.deadline() => Err(End::Deadline),
            () = sleep(duration) => Ok(()),
        }
    }

    async fn deadline(&self) {
        match self.deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }
}

impl End {
    /// Why the run was interrupted.
    pub(crate) fn reason(self) -> Option<StopReason> {
        match self {
            Self::NotBegun(reason) | Self::Stopped(reason) => Some(reason),
            Self::Deadline => None,
        }
    }

    /// Begins the error. `doing` says what was being done.
    pub(crate) fn explain(self, doing: &str) -> errors::Builder {
        match self {
            Self::NotBegun(_) => errors::error(Summary::Interrupted)
                .detail(format!("The run was interrupted before {doing}.")),
            Self::Stopped(_) => errors::error(Summary::Interrupted).detail(format!(
                "The run was interrupted while {doing}. There was no answer yet."
            )),
            Self::Deadline => errors::error(Summary::NoAnswerInTime)
                .detail(format!("While {doing}: there was no answer in time.")),
        }
    }
}

/// Makes a call, and repeats it after each of the pauses while `again` says so of its answer. It is given to [`Run::call`], which
/// ends it.
pub(crate) async fn retry<T, W: Future<Output = T>>(
    pauses: impl IntoIterator<Item = Duration>,
    mut work: impl FnMut() -> W,
    again: impl Fn(&T) -> bool,
) -> T {
    let mut pauses = pauses.into_iter();
    loop {
        let answer = work().await;
        match pauses.next() {
            Some(pause) if again(&answer) => sleep(pause).await,
            _ => return answer,
        }
    }
}

/// How long the answer to a call has left when the run is interrupted: enough for one that is on its way.
pub(crate) const MOMENT: Duration = Duration::from_millis(700);

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tfplugin::Stopper;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn run(stopper: &Stopper) -> Run {
        Run::apply(&Call {
            client: None,
            stop: stopper.watch(),
        })
    }

    /// A run that is interrupted after a second.
    fn interrupted_soon() -> Run {
        let stopper = Stopper::new();
        let run = run(&stopper);
        tokio::spawn(async move {
            sleep(SECOND).await;
            stopper.stop(StopReason::StopProvider);
        });
        run
    }

    async fn answer_after(milliseconds: u64) -> &'static str {
        sleep(Duration::from_millis(milliseconds)).await;
        "answer"
    }

    fn only(diags: &Diagnostics) -> (&str, &str) {
        let [diagnostic] = diags.iter().collect::<Vec<_>>()[..] else {
            panic!("{diags:?}")
        };
        (&diagnostic.summary, &diagnostic.detail)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_on_its_way_is_taken() {
        let mut diags = Diagnostics::new();
        let answer = interrupted_soon()
            .call("reading", &mut diags, answer_after(1_500))
            .await;
        assert_eq!(answer, Some("answer"));
        assert!(diags.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_without_an_answer_ends_soon_after_the_interruption() {
        let mut diags = Diagnostics::new();
        let begin = Instant::now();
        let answer = interrupted_soon()
            .call("reading the role \"a\"", &mut diags, answer_after(60_000))
            .await;
        assert_eq!(answer, None);
        assert_eq!(begin.elapsed(), SECOND + MOMENT);
        let (summary, detail) = only(&diags);
        assert_eq!(summary, "Interrupted");
        assert!(detail.contains("while reading the role \"a\""), "{detail}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_without_an_answer_may_have_been_carried_out() {
        let mut diags = Diagnostics::new();
        let answer = interrupted_soon()
            .write("creating", "Plan again.", &mut diags, answer_after(60_000))
            .await;
        assert_eq!(answer, None);
        let (_, detail) = only(&diags);
        let end = "\n\nThe cluster may have carried it out. Plan again.";
        assert!(detail.ends_with(end), "{detail}");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_after_the_interruption() {
        let stopper = Stopper::new();
        stopper.stop(StopReason::Signal);
        let mut diags = Diagnostics::new();
        let sent = Cell::new(false);
        let work = async { sent.set(true) };
        let answer = run(&stopper)
            .write("creating the role \"a\"", "Plan again.", &mut diags, work)
            .await;
        assert_eq!((answer, sent.get()), (None, false));
        let (_, detail) = only(&diags);
        assert_eq!(
            detail,
            "The run was interrupted before creating the role \"a\"."
        );
        let looked = run(&stopper).briefly(answer_after(100)).await;
        assert_eq!(looked, Some("answer"));
        assert_eq!(run(&stopper).briefly(answer_after(60_000)).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_ends_at_once_when_the_run_is_interrupted() {
        let begin = Instant::now();
        let paused = interrupted_soon().wait(60 * SECOND).await;
        assert_eq!(paused, Err(End::Stopped(StopReason::StopProvider)));
        assert_eq!(begin.elapsed(), SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_ends_calls_and_pauses() {
        let stopper = Stopper::new();
        let deadline = Instant::now() + SECOND;
        let run = run(&stopper).until(deadline);
        let mut diags = Diagnostics::new();
        let answer = run.call("reading", &mut diags, answer_after(60_000)).await;
        assert_eq!(answer, None);
        assert_eq!(only(&diags).0, "No Answer in Time");
        assert_eq!(run.wait(SECOND).await, Err(End::Deadline));
        assert_eq!(Instant::now(), deadline);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_repeated_while_its_answer_is_not_the_wanted_one() {
        for (wanted, calls, waited) in [(1, 1, 0), (3, 3, 2), (9, 4, 3)] {
            let (begin, made) = (Instant::now(), Cell::new(0));
            let work = || {
                made.set(made.get() + 1);
                let answer = made.get();
                async move { answer }
            };
            let again = |answer: &i32| *answer < wanted;
            assert_eq!(retry([SECOND; 3], work, again).await, calls);
            assert_eq!(begin.elapsed(), waited * SECOND);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_repeated_once_the_run_is_interrupted() {
        let made = Cell::new(0);
        let work = || {
            made.set(made.get() + 1);
            async {}
        };
        let end = interrupted_soon()
            .finish(retry([600 * SECOND; 3], work, |()| true))
            .await;
        assert_eq!(end, Err(End::Stopped(StopReason::StopProvider)));
        assert_eq!(made.get(), 1);
    }
}

//! Chromium without a screen, driven over a pair of pipes with its DevTools protocol.

use std::{
    env,
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The browser that is on `PATH`.
pub(crate) fn find() -> Option<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_default();
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .find_map(|name| {
            env::split_paths(&folders)
                .map(|folder| folder.join(name))
                .find(|path| path.is_file())
        })
}

/// A running browser. It ends with this value.
pub(crate) struct Browser {
    process: Child,
    requests: File,
    answers: Receiver<Value>,
    number: u64,
    _folder: TempDir,
}

/// A page that a browser has opened.
pub(crate) struct Page<'a> {
    browser: &'a mut Browser,
    session: String,
}

impl Browser {
    pub(crate) fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (requests, answers) = (
            folder.path().join("requests"),
            folder.path().join("answers"),
        );
        let made = Command::new("mkfifo")
            .args([&requests, &answers])
            .status()
            .unwrap();
        assert!(made.success());
        // It reads from descriptor 3 and writes to 4, which only a shell gives it without unsafe code.
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"exec 3<"$1" 4>"$2"; shift 2; exec "$@""#, "sh"])
            .args([&requests, &answers])
            .arg(program)
            .args(["--headless=new", "--remote-debugging-pipe", "--disable-gpu"])
            .args([
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--force-color-profile=srgb",
            ])
            // Its sandbox refuses to run as root, and in many containers.
            .arg("--no-sandbox")
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let requests = OpenOptions::new().write(true).open(requests).unwrap();
        let answers = receive(File::open(answers).unwrap());
        Self {
            process,
            requests,
            answers,
            number: 0,
            _folder: folder,
        }
    }

    /// Opens a page in a window of its own.
    pub(crate) fn open(&mut self, url: &str) -> Page<'_> {
        let parameters = json!({"url": url, "newWindow": true, "width": WIDTH, "height": HEIGHT});
        let target = self.ask(None, "Target.createTarget", parameters);
        let parameters = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.ask(None, "Target.attachToTarget", parameters);
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        let mut page = Page {
            browser: self,
            session,
        };
        page.wait_for("document.readyState === 'complete' && typeof look === 'function'");
        page.evaluate("window.text = (id) => at(id).innerText.trim(); 0");
        page
    }

    fn ask(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.number += 1;
        let mut request = json!({"id": self.number, "method": method, "params": parameters});
        if let Some(session) = session {
            request["sessionId"] = json!(session);
        }
        write!(self.requests, "{request}\0").unwrap();
        loop {
            // Events come in between.
            let answer = self
                .answers
                .recv_timeout(PATIENCE)
                .expect("the browser must answer");
            if answer["id"] == self.number {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Page<'_> {
    /// The value of an expression.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let parameters =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self
            .browser
            .ask(Some(&self.session), "Runtime.evaluate", parameters);
        assert!(
            answer.get("exceptionDetails").is_none(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Waits for a condition on the page.
    pub(crate) fn wait_for(&mut self, condition: &str) {
        let begin = Instant::now();
        while self.evaluate(condition) != true {
            if begin.elapsed() > PATIENCE {
                let page = self.evaluate("document.body.innerText");
                panic!("{condition}: {page}");
            }
            thread::sleep(PAUSE);
        }
    }

    /// What an element shows.
    pub(crate) fn text(&mut self, id: &str) -> String {
        let text = self.evaluate(&format!("text({id:?})"));
        text.as_str().unwrap().to_owned()
    }

    /// Clicks the element of a selector that has this text.
    pub(crate) fn click(&mut self, selector: &str, text: &str) {
        let elements = format!("[...document.querySelectorAll({selector:?})]");
        self.evaluate(&format!(
            "{elements}.find((found) => found.textContent === {text:?}).click()"
        ));
    }

    /// A PNG of all of it.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let parameters = json!({"format": "png", "captureBeyondViewport": false});
        let answer = self
            .browser
            .ask(Some(&self.session), "Page.captureScreenshot", parameters);
        BASE64_STANDARD
            .decode(answer["data"].as_str().unwrap())
            .unwrap()
    }
}

/// Reads messages, which end with a zero byte, so that a wait for one can time out.
fn receive(answers: File) -> Receiver<Value> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for message in BufReader::new(answers).split(0) {
            let Ok(message) = message else { return };
            if sender
                .send(serde_json::from_slice(&message).unwrap())
                .is_err()
            {
                return;
            }
        }
    });
    receiver
}

const WIDTH: u32 = 1_200;
const HEIGHT: u32 = 960;
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

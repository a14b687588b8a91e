//! Metadata of answers, before gRPC's code reads them.
//!
//! Names that end in `-bin` have base64 values. tonic does not check that, and panics on a `grpc-status-details-bin` that is
//! something else (`Status::from_header_map`), so such values are dropped here.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{HeaderMap, HeaderName, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Either, Empty, Limited, combinators::MapFrame};
use hyper::body::{Body, Bytes, Frame, Incoming};

use crate::dial::transport::MAX_ANSWER_SIZE;

/// A body that is not longer than an answer may be, and whose trailers are clean. Empty, if it is not one of gRPC.
pub(crate) type CleanBody<B = Incoming> =
    Either<MapFrame<Limited<B>, fn(Frame<Bytes>) -> Frame<Bytes>>, Empty<Bytes>>;

/// Drops binary metadata that is not base64 from the headers and the trailers of a response, and bounds its body.
pub(crate) fn clean<B>(mut response: Response<B>) -> Response<CleanBody<B>>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    drop_invalid(response.headers_mut());
    if !is_grpc(response.headers()) {
        // The page of a gateway, for example. tonic would read it as a message, and miss what the HTTP status says.
        return response.map(|_| Either::Right(Empty::new()));
    }
    response.map(|body| {
        let body = Limited::new(body, MAX_BODY);
        Either::Left(body.map_frame(clean_trailers as fn(_) -> _))
    })
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/grpc"))
}

fn clean_trailers(mut frame: Frame<Bytes>) -> Frame<Bytes> {
    if let Some(trailers) = frame.trailers_mut() {
        drop_invalid(trailers);
    }
    frame
}

fn drop_invalid(metadata: &mut HeaderMap) {
    let invalid: Vec<HeaderName> = metadata
        .iter()
        .filter(|(name, value)| name.as_str().ends_with("-bin") && !is_base64(value.as_bytes()))
        .map(|(name, _)| name.clone())
        .collect();
    for name in invalid {
        tracing::debug!(%name, "the server sent binary metadata that is not base64");
        metadata.remove(name);
    }
}

fn is_base64(value: &[u8]) -> bool {
    BASE64.decode(value).is_ok()
}

/// The largest answer with what gRPC puts before it.
const MAX_BODY: usize = MAX_ANSWER_SIZE + 1024;

/// As tonic reads it: the padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_binary_metadata_that_is_not_base64_is_dropped() {
        let mut metadata = HeaderMap::new();
        for (name, value) in [
            ("grpc-status", "5"),
            ("grpc-message", "not/base64!"),
            ("padded-bin", "YQ=="),
            ("unpadded-bin", "YQ"),
            ("grpc-status-details-bin", "***"),
        ] {
            metadata.insert(name, HeaderValue::from_static(value));
        }
        // One value of two is enough to make the name useless.
        metadata.append("twice-bin", HeaderValue::from_static("YQ"));
        metadata.append("twice-bin", HeaderValue::from_static("%"));
        drop_invalid(&mut metadata);
        let mut names: Vec<_> = metadata.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["grpc-message", "grpc-status", "padded-bin", "unpadded-bin"]
        );
    }
}

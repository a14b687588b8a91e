//! Metadata of answers, before gRPC's code reads them.
//!
//! Names that end in `-bin` have base64 values. tonic does not check that, and panics on a `grpc-status-details-bin` that is
//! something else (`Status::from_header_map`), so such values are dropped here.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{HeaderMap, HeaderName, Response};
use http_body_util::{BodyExt, combinators::MapFrame};
use hyper::body::{Body, Bytes, Frame, Incoming};

/// A body whose trailers are clean.
pub(crate) type CleanBody<B = Incoming> = MapFrame<B, fn(Frame<Bytes>) -> Frame<Bytes>>;

/// Drops binary metadata that is not base64 from the headers and the trailers of a response.
pub(crate) fn clean<B: Body<Data = Bytes>>(mut response: Response<B>) -> Response<CleanBody<B>> {
    drop_invalid(response.headers_mut());
    response.map(|body| body.map_frame(clean_trailers as fn(_) -> _))
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

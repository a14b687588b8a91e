//! How many values a message holds, counted before it is decoded.
//!
//! Two bytes on the wire can become a value of a hundred in memory, so that a bound on bytes alone does not bound the memory.

use prost::{
    bytes::{Buf, Bytes},
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};
use prost_reflect::{Kind, MessageDescriptor};

/// The values that an answer may still hold.
pub(crate) struct Budget(usize);

/// A message holds more values than are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Budget {
    /// That of one answer.
    pub(crate) fn new() -> Self {
        Self(MAX_VALUES)
    }

    /// Counts the values of an encoded message, also those of the messages in it. What is malformed is left to the decoder.
    pub(crate) fn spend(
        &mut self,
        descriptor: &MessageDescriptor,
        message: Bytes,
    ) -> Result<(), TooMany> {
        self.spend_at(descriptor, message, 0)
    }

    fn spend_at(
        &mut self,
        descriptor: &MessageDescriptor,
        mut message: Bytes,
        depth: usize,
    ) -> Result<(), TooMany> {
        if depth > MAX_DEPTH {
            return Ok(());
        }
        while message.has_remaining() {
            let Ok((tag, wire_type)) = decode_key(&mut message) else {
                return Ok(());
            };
            self.take(1)?;
            if wire_type != WireType::LengthDelimited {
                if skip_field(wire_type, tag, &mut message, DecodeContext::default()).is_err() {
                    return Ok(());
                }
                continue;
            }
            let length = decode_varint(&mut message).ok();
            let Some(length) = length
                .and_then(|length| usize::try_from(length).ok())
                .filter(|length| *length <= message.remaining())
            else {
                return Ok(());
            };
            let inner = message.split_to(length);
            let Some(field) = descriptor.get_field(tag) else {
                continue;
            };
            match field.kind() {
                Kind::Message(descriptor) => self.spend_at(&descriptor, inner, depth + 1)?,
                Kind::String | Kind::Bytes => {}
                // Numbers of a list, packed: each has a byte at least.
                _ => self.take(inner.len())?,
            }
        }
        Ok(())
    }

    fn take(&mut self, values: usize) -> Result<(), TooMany> {
        self.0 = self.0.checked_sub(values).ok_or(TooMany)?;
        Ok(())
    }
}

/// A page of a hundred large objects has some ten thousand.
const MAX_VALUES: usize = 500_000;
/// As deep as prost decodes.
const MAX_DEPTH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn spend(message: Vec<u8>) -> Result<(), TooMany> {
        let descriptor = teleport_proto::descriptors()
            .get_message_by_name("teleport.workloadcluster.v1.ListWorkloadClustersResponse")
            .unwrap();
        Budget::new().spend(&descriptor, message.into())
    }

    #[test]
    fn values_are_counted_in_every_depth() {
        // Empty items of the list: a tag and a length of nothing.
        assert_eq!(spend([0x0a, 0].repeat(MAX_VALUES)), Ok(()));
        assert_eq!(spend([0x0a, 0].repeat(MAX_VALUES + 1)), Err(TooMany));
        // One item with as many fields that are not known.
        let inner = [0x78, 1].repeat(MAX_VALUES);
        let mut outer = vec![0x0a];
        prost::encoding::encode_varint(inner.len() as u64, &mut outer);
        outer.extend(inner);
        assert_eq!(spend(outer), Err(TooMany));
    }

    #[test]
    fn what_is_malformed_is_left_to_the_decoder() {
        for message in [
            vec![],
            vec![0xff; 20],
            vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f],
            vec![0x0b, 0x0b],
            b"GET / HTTP/1.1".to_vec(),
        ] {
            assert_eq!(spend(message), Ok(()));
        }
    }
}

//! A protobuf message descriptor seen as a Terraform schema.
use crate::framework::{Attribute, Diagnostics, Validator, Value};
use prost_reflect::{DynamicMessage, MessageDescriptor};
use std::collections::BTreeMap;
pub struct Mapping;
pub struct Rules;
#[derive(Debug)]
pub struct InvalidRules;
impl Rules {
    pub fn new() -> Self {
        Self
    }
    pub fn default_to(self, _: &str, _: impl Into<Value>) -> Self {
        self
    }
    pub fn requires_replace(self, _: &str) -> Self {
        self
    }
    pub fn required(self, _: &str) -> Self {
        self
    }
    pub fn optional_computed(self, _: &str) -> Self {
        self
    }
    pub fn omit(self, _: &str) -> Self {
        self
    }
    pub fn validate(self, _: &str, _: Validator) -> Self {
        self
    }
}
impl Mapping {
    pub fn new(_: MessageDescriptor, _: Rules) -> Result<Self, InvalidRules> {
        Ok(Self)
    }
    pub fn schema_attributes(&self) -> BTreeMap<String, Attribute> {
        unimplemented!()
    }
    pub fn to_message(&self, _: &Value) -> Result<DynamicMessage, Diagnostics> {
        unimplemented!()
    }
    pub fn to_value(&self, _: &DynamicMessage) -> Value {
        unimplemented!()
    }
    pub fn reconcile(&self, _: Value, _: &Value) -> Value {
        unimplemented!()
    }
}

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| terraform_provider_teleport::fuzz::mapping(bytes));

//! Credentials in wrong places: in other arguments, in attributes, in other variables, in files of another kind.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{LOOK, identity};
use crate::support::{
    environment::TestEnv,
    matrix::{EPHEMERAL_RESOURCES, Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    credentials_in_the_place_of_another_argument_leave_no_trace,
    credentials_in_the_place_of_an_attribute_leave_no_trace,
    credentials_in_the_place_of_an_argument_of_an_identity_leave_no_trace: EPHEMERAL_RESOURCES,
    credentials_in_the_variable_of_another_argument_leave_no_trace,
    damaged_files_leave_no_trace,
];

/// The arguments that take no contents of files, with the type of a text.
const OTHERS: [&str; 16] = [
    "addr",
    "join_method",
    "join_token",
    "audience_tag",
    "gitlab_id_token_env_var",
    "join_timeout_duration",
    "cert_path",
    "key_path",
    "root_ca_path",
    "identity_file_path",
    "profile_name",
    "profile_dir",
    "dial_timeout_duration",
    "retry_base_duration",
    "retry_cap_duration",
    "deletion_policy",
];

fn credentials_in_the_place_of_another_argument_leave_no_trace(program: &Program) {
    let mut env = TestEnv::new(program);
    env.set("TF_LOG", "TRACE");
    let (_, secrets) = identity(&env);
    let file = env.simulator.identity_file();
    let forms = [
        format!("file({file:?})"),
        format!("replace(file({file:?}), \"\\n\", \" \")"),
        format!("replace(file({file:?}), \"-----\", \"\")"),
        format!("filebase64({file:?})"),
    ];
    for form in &forms {
        let mut configuration = String::new();
        let joins = ["join_method", "join_token"];
        let nested = joins.map(|name| format!("workload_clusters = {{ {name} = {form} }}"));
        let plain = OTHERS.map(|name| format!("{name} = {form}"));
        for (number, argument) in plain.iter().chain(&nested).enumerate() {
            let addr = if argument.starts_with("addr") {
                String::new()
            } else {
                format!("addr = {:?}", env.simulator.proxy_address())
            };
            configuration.push_str(&format!(
                "provider \"teleport\" {{\n  alias = \"a{number}\"\n  {addr}\n  {argument}\n}}\n\
                 data \"teleport_workload_clusters\" \"a{number}\" {{\n  provider = teleport.a{number}\n}}\n"
            ));
        }
        env.write(&configuration);
        for outcome in [env.run(&["validate", "-json"]), env.plan_with(&[])] {
            assert_eq!(outcome.code, Some(1), "{outcome}");
            secrets.are_not_in(&env, &outcome);
            let errors = outcome.diagnostics();
            for argument in OTHERS.iter().filter(|name| **name != "deletion_policy") {
                let named = format!("{argument}: ");
                let blamed = errors.iter().any(|error| error.text.contains(&named));
                assert!(blamed, "{argument}: {outcome}");
            }
            assert_eq!(errors.len(), OTHERS.len() + nested.len(), "{outcome}");
        }
    }
}

/// Arguments of resources and data sources that take the name of something, or a text of another form. With those that take any
/// text the value is in the state, as that of any attribute.
const ATTRIBUTES: [(&str, &str); 19] = [
    (
        "resource teleport_workload_cluster",
        "metadata = { name = VALUE }\nspec = {}",
    ),
    (
        "resource teleport_workload_cluster",
        "metadata = { name = \"a\", expires = VALUE }\nspec = {}",
    ),
    (
        "resource teleport_workload_cluster",
        "version = VALUE\nmetadata = { name = \"a\" }\nspec = {}",
    ),
    (
        "resource teleport_workload_cluster",
        "sub_kind = VALUE\nmetadata = { name = \"a\" }\nspec = {}",
    ),
    (
        "resource teleport_workload_cluster",
        "metadata = { name = \"a\" }\nspec = {}\ntimeouts = { create = VALUE }",
    ),
    (
        "resource teleport_workload_cluster",
        "metadata = { name = \"a\" }\nspec = { regions = [{ name = VALUE }] }",
    ),
    (
        "resource teleport_workload_cluster",
        "metadata = { name = \"a\" }\nspec = { token = { join_method = VALUE } }",
    ),
    (
        "resource teleport_workload_cluster",
        "metadata = { name = \"a\" }\nspec = { token = { allow = [{ aws_account = VALUE }] } }",
    ),
    (
        "resource teleport_workload_cluster",
        "metadata = { name = \"a\" }\nspec = { token = { allow = [{ aws_arn = VALUE }] } }",
    ),
    (
        "resource teleport_role",
        "version = VALUE\nmetadata = { name = \"a\" }",
    ),
    (
        "resource teleport_role",
        "cluster = VALUE\nversion = \"v7\"\nmetadata = { name = \"a\" }",
    ),
    (
        "resource teleport_role",
        "version = \"v7\"\nmetadata = { name = \"a\" }\nspec = { options = { max_session_ttl = VALUE } }",
    ),
    (
        "resource teleport_role",
        "version = \"v7\"\nmetadata = { name = \"a\" }\nspec = { allow = { rules = [{ resources = [\"role\"], verbs = [VALUE] }] } }",
    ),
    (
        "resource teleport_role",
        "version = \"v7\"\nmetadata = { name = \"a\" }\ndeletion_policy = VALUE",
    ),
    (
        "resource teleport_provision_token",
        "version = \"v2\"\nmetadata = { name = \"a\" }\nspec = { join_method = VALUE, roles = [\"Node\"] }",
    ),
    ("resource teleport_user_invite", "user = \"a\"\nttl = VALUE"),
    (
        "data teleport_workload_cluster",
        "metadata = { name = VALUE }",
    ),
    ("data teleport_role", "metadata = { name = VALUE }"),
    ("data teleport_user", "metadata = { name = VALUE }"),
];

fn credentials_in_the_place_of_an_attribute_leave_no_trace(program: &Program) {
    let mut env = TestEnv::new(program);
    env.set("TF_LOG", "TRACE");
    let (_, secrets) = identity(&env);
    let file = env.simulator.identity_file();
    let forms = ["file", "filebase64"].map(|read| format!("{read}({file:?})"));
    // Data sources are read only if all resources are valid.
    let all = ["resource", "data"].into_iter();
    for (kind, form) in all.flat_map(|kind| forms.iter().map(move |form| (kind, form))) {
        let attributes = ATTRIBUTES.iter().enumerate();
        let blocks = attributes.filter(|(_, (of, _))| of.starts_with(kind));
        let blocks = blocks.map(|(number, (of, body))| {
            let of = of.replace(' ', " \"");
            let body = body.replace("VALUE", form);
            format!("{of}\" \"a{number}\" {{\n{body}\n}}\n")
        });
        env.configure(&blocks.collect::<String>());
        let validated = env.run(&["validate", "-json"]);
        let planned = env.plan_with(&[]).failed();
        for outcome in [validated, planned] {
            secrets.are_not_in(&env, &outcome);
        }
    }
}

fn credentials_in_the_variable_of_another_argument_leave_no_trace(program: &Program) {
    let mut env = TestEnv::new(program);
    env.set("TF_LOG", "TRACE");
    let (text, secrets) = identity(&env);
    env.write(&format!("provider \"teleport\" {{}}\n{LOOK}"));
    let variables = [
        "ADDR",
        "JOIN_METHOD",
        "JOIN_TOKEN",
        "JOIN_TIMEOUT_DURATION",
        "CERT",
        "KEY",
        "ROOT_CA",
        "IDENTITY_FILE_PATH",
        "PROFILE_NAME",
        "PROFILE_PATH",
        "INSECURE",
        "DIAL_TIMEOUT_DURATION",
        "RETRY_MAX_TRIES",
    ];
    for form in [&text, &text.replace('\n', "\\n"), &STANDARD.encode(&text)] {
        for variable in variables {
            env.set(&format!("TF_TELEPORT_{variable}"), form);
        }
        let outcome = env.plan_with(&[]);
        secrets.are_not_in(&env, &outcome);
        for variable in variables {
            let named = format!("(environment variable TF_TELEPORT_{variable}): it is");
            let errors = outcome.diagnostics();
            let blamed = errors.iter().any(|error| error.text.contains(&named));
            assert!(blamed, "{variable}: {outcome}");
        }
    }
}

fn credentials_in_the_place_of_an_argument_of_an_identity_leave_no_trace(program: &Program) {
    let mut env = TestEnv::new(program);
    env.set("TF_LOG", "TRACE");
    let (_, secrets) = identity(&env);
    let file = env.simulator.identity_file();
    for argument in ["address", "join_method", "join_token", "ttl"] {
        let address = match argument {
            "address" => String::new(),
            _ => "address = \"team-a.localhost:1\"".to_owned(),
        };
        env.configure(&format!(
            "ephemeral \"teleport_identity\" \"this\" {{\n  {address}\n  {argument} = file({file:?})\n}}\n"
        ));
        let outcome = env.run(&["plan", "-json"]);
        assert_eq!(outcome.code, Some(1), "{outcome}");
        secrets.are_not_in(&env, &outcome);
        let errors = outcome.diagnostics();
        let blamed = errors.iter().any(|error| error.text.contains(argument));
        assert!(blamed, "{argument}: {outcome}");
    }
}

fn damaged_files_leave_no_trace(program: &Program) {
    let mut env = TestEnv::new(program);
    env.set("TF_LOG", "TRACE");
    let (text, secrets) = identity(&env);
    let key = &text[..text.find("-----BEGIN CERT").unwrap()];
    let folder = env.simulator.data_dir().join("damaged");
    fs::create_dir(&folder).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let line = text.replace('\n', "\\n");
    let mut arguments = Vec::new();
    for (number, damaged) in [
        text.replace('\n', " "),
        line.clone(),
        text.replacen("-----\n", "", 1),
        text.replacen("PRIVATE KEY-----\n", "PRIVATE KEY ", 1),
        text.replace("-----", ""),
        key.to_owned(),
        STANDARD.encode(&text),
        text[..key.len() / 2].to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let path = write(&format!("identity-{number}"), damaged);
        arguments.push(format!("identity_file_path = {path:?}"));
        arguments.push(format!("identity_file = file({path:?})"));
        arguments.push(format!(
            "cert_path = {path:?}\n  key_path = {path:?}\n  root_ca_path = {path:?}"
        ));
    }
    for (number, profile) in [
        text.clone(),
        format!("web_proxy_addr: \"{line}\"\nuser: alice\n"),
        format!("web_proxy_addr: proxy.example.com\nuser: \"{line}\"\n"),
        format!("web_proxy_addr: [\n{text}"),
    ]
    .iter()
    .enumerate()
    {
        write(&format!("p{number}.yaml"), profile);
        arguments.push(format!(
            "profile_dir = {folder:?}\n  profile_name = \"p{number}\""
        ));
    }
    write("current-profile", &text);
    arguments.push(format!("profile_dir = {folder:?}"));
    let mut configuration = String::new();
    for (number, argument) in arguments.iter().enumerate() {
        configuration.push_str(&format!(
            "provider \"teleport\" {{\n  alias = \"a{number}\"\n  addr = {:?}\n  {argument}\n}}\n\
             data \"teleport_workload_clusters\" \"a{number}\" {{\n  provider = teleport.a{number}\n}}\n",
            env.simulator.proxy_address()
        ));
    }
    env.write(&configuration);
    let outcome = env.plan_with(&[]);
    secrets.are_not_in(&env, &outcome);
    let errors = outcome.diagnostics();
    assert_eq!(errors.len(), arguments.len(), "{outcome}");
    for error in errors {
        assert!(error.text.starts_with("Invalid Credentials"), "{error:?}");
    }
}

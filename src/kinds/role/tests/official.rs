use super::*;

#[test]
fn every_attribute_of_the_official_role_is_there_with_its_type() {
    let resource = resource();
    let attributes = &resource.schema().block.attributes;
    let mut wrong = Vec::new();
    for line in include_str!("official.txt").lines() {
        let [path, presence, ty] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let mut paths = vec![path.to_owned()];
        // What may be denied is what may be allowed.
        if let Some(rest) = path.strip_prefix("spec.allow.") {
            paths.push(format!("spec.deny.{rest}"));
        }
        for path in paths {
            let found = find(attributes, &path);
            let fits = found.is_some_and(|found| {
                let may_be_left_out = found.presence != Presence::Required;
                let may_be_set = found.presence != Presence::Computed;
                type_of(found) == ty
                    && (presence == "R" || may_be_left_out || path == "metadata")
                    && (presence == "C" || may_be_set)
            });
            if !fits {
                wrong.push(format!("{path} {presence} {ty}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub(super) fn find<'a>(
    attributes: &'a BTreeMap<String, Attribute>,
    path: &str,
) -> Option<&'a Attribute> {
    match path.split_once('.') {
        None => attributes.get(path),
        Some((name, rest)) => match &attributes.get(name)?.shape {
            AttributeShape::Nested(_, inner) => find(inner, rest),
            AttributeShape::Type(_) => None,
        },
    }
}

fn type_of(attribute: &Attribute) -> String {
    match &attribute.shape {
        AttributeShape::Nested(Nesting::Single, _) => "single".to_owned(),
        AttributeShape::Nested(_, _) => "list".to_owned(),
        AttributeShape::Type(ty) => ty.to_string(),
    }
}

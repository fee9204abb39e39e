//! The keys of a bucket: from a file as Amazon's tools write it, or from the environment. No error repeats what such a file holds.

use std::collections::HashMap;

use rusty_s3::Credentials;

use super::place::Access;
use crate::private;

/// The names in the file, and in the environment in capitals.
const NAMES: [&str; 3] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"];

/// Reads them. `environment` says what a variable holds.
pub(super) fn read(
    access: &Access,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Credentials, String> {
    let Some(path) = &access.credentials_file else {
        return credentials(|name| environment(&name.to_ascii_uppercase())).ok_or_else(|| {
            "has no access key to be reached with; name a credentials_file, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".into()
        });
    };
    let told = |why: &str| format!("{}: {why}", path.display());
    let text = private::read(path).map_err(|error| told(&error.to_string()))?;
    let text = text.ok_or_else(|| told("can be read by others than its owner; run chmod 600 on it"))?;
    let profile = access.profile.as_deref().unwrap_or("default");
    let section = section(&text, profile).ok_or_else(|| told(&format!("has no section [{profile}]")))?;
    credentials(|name| section.get(name).map(|value| (*value).to_owned()))
        .ok_or_else(|| told(&format!("[{profile}] must have aws_access_key_id and aws_secret_access_key")))
}

fn credentials(value: impl Fn(&str) -> Option<String>) -> Option<Credentials> {
    let [key, secret, token] = NAMES.map(value);
    Some(match token {
        Some(token) => Credentials::new_with_token(key?, secret?, token),
        None => Credentials::new(key?, secret?),
    })
}

/// The lines `name = value` under `[profile]`.
fn section<'t>(text: &'t str, profile: &str) -> Option<HashMap<&'t str, &'t str>> {
    let mut found = None;
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = name.trim() == profile;
            if inside {
                found.get_or_insert_with(HashMap::new);
            }
        } else if let Some((name, value)) =
            line.split_once('=').filter(|_| inside && !line.starts_with(['#', ';']))
        {
            found.get_or_insert_with(HashMap::new).insert(name.trim(), value.trim());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    fn of_file(text: &str, profile: Option<&str>) -> Result<Credentials, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let access = Access {
            credentials_file: Some(file.path().into()),
            profile: profile.map(Into::into),
            ..Access::default()
        };
        read(&access, &|_| Some("elsewhere".into()))
    }

    #[test]
    fn a_file_has_sections() {
        let text = "# mine\n[default]\naws_access_key_id = a\naws_secret_access_key=b=c\n\n[ other ]\naws_access_key_id=d\naws_secret_access_key=e\naws_session_token=f\n#aws_access_key_id=g\n";
        let keys = of_file(text, None).unwrap();
        assert_eq!((keys.key(), keys.secret(), keys.token()), ("a", "b=c", None));
        let keys = of_file(text, Some("other")).unwrap();
        assert_eq!((keys.key(), keys.secret(), keys.token()), ("d", "e", Some("f")));
        assert!(of_file(text, Some("none")).unwrap_err().contains("no section [none]"));
    }

    #[test]
    fn what_is_missing_is_told_and_no_secret_is() {
        let error = of_file("[default]\naws_access_key_id = AKIA\naws_secret = hush\n", None).unwrap_err();
        assert!(
            error.contains("aws_secret_access_key") && !error.contains("AKIA") && !error.contains("hush"),
            "{error}"
        );
        let access = Access { credentials_file: Some(PathBuf::from("/nowhere/keys")), ..Access::default() };
        assert!(read(&access, &|_| None).unwrap_err().contains("/nowhere/keys"));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
        let access = Access { credentials_file: Some(file.path().into()), ..Access::default() };
        assert!(read(&access, &|_| None).unwrap_err().contains("chmod 600"));
        assert!(read(&Access::default(), &|_| None).unwrap_err().contains("AWS_ACCESS_KEY_ID"));
    }

    #[test]
    fn without_a_file_the_environment_has_them() {
        let environment = |name: &str| (name != "AWS_SESSION_TOKEN").then(|| name.to_owned());
        let keys = read(&Access::default(), &environment).unwrap();
        assert_eq!(
            (keys.key(), keys.secret(), keys.token()),
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", None)
        );
    }
}

use std::ffi::OsString;

use super::*;

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("trackside-load-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn a_file_is_toml_or_json_by_its_extension() {
    let folder = Folder::new("extension");
    let toml = folder.write("a.TOML", "consent.policy = 'none'\nshutdown = '7s'");
    let json = folder.write("a.json", r#"{"consent": {"policy": "none"}, "shutdown": "8s"}"#);
    assert_eq!(file(toml).unwrap().shutdown().as_secs(), 7);
    assert_eq!(file(json).unwrap().shutdown().as_secs(), 8);

    let other = folder.write("a.ini", "");
    let error = file(&other).unwrap_err();
    assert_eq!(error.file(), Some(&*other));
    assert!(error.to_string().ends_with("a.ini: neither TOML nor JSON by its name; call it .toml or .json"));
}

#[test]
fn an_error_names_the_file_and_every_mistake() {
    let folder = Folder::new("mistakes");
    let path = folder.write("wrong.toml", "mood = 'on'\nshutdown = 5");
    let error = file(&path).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(&format!("{}: ", path.display())), "{text}");
    assert!(text.contains("mood: ") && text.contains("shutdown: "), "{text}");
    assert_eq!(error.config().unwrap().mistakes().count(), 3, "consent.policy is missing too: {text}");

    let error = file(folder.0.join("missing.toml")).unwrap_err();
    assert!(error.is_io() && error.config().is_none());
    assert!(error.to_string().contains("missing.toml: cannot be read: "), "{error}");
}

#[test]
fn a_file_that_is_not_text_is_an_error() {
    let folder = Folder::new("bytes");
    assert!(file(folder.write("a.toml", b"mode = '\xff'")).unwrap_err().is_io());
}

#[test]
fn secrets_come_from_files_without_their_newline() {
    let folder = Folder::new("secrets");
    let secret = folder.write("secret", "s3cret\n");
    let destination = format!(
        "visitor.identity = 'none'\n[[destination]]\ntype = 'ga4'\nmeasurement_id = 'G-ABC123DEF4'\n\
         api_secret = 'file:{}'",
        secret.display()
    );
    let config = toml(&destination).unwrap();
    match &config.destinations()[0].receiver {
        trackside_core::config::Receiver::Remote(remote) => {
            assert_eq!(remote.values().secret("api_secret").unwrap().reveal(), "s3cret");
        }
        other => panic!("{other:?}"),
    }

    fs::remove_file(&secret).unwrap();
    let text = toml(&destination).unwrap_err().to_string();
    assert!(text.contains("destination[0].api_secret") && text.contains("cannot be looked up"), "{text}");
}

#[test]
fn only_variables_of_ours_are_looked_at() {
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    };
    let ours = keys(pairs(&[("PATH", "/bin"), ("TRACKSIDE__MODE", "off")]).into_iter()).unwrap();
    assert_eq!(ours, [("TRACKSIDE__MODE".to_owned(), "off".to_owned())]);
}

#[test]
fn mistakes_of_a_file_with_variables_over_it_name_both() {
    let folder = Folder::new("variables");
    let document = Document::read(folder.write("api.toml", "track.count = 'api'\n")).unwrap();
    let environment =
        [("PATH", "/bin"), ("TRACKSIDE__MODE", "of")].map(|(name, value)| (name.into(), value.into()));
    let error = over(&document, environment.into_iter()).unwrap_err();
    let (text, path) = (error.to_string(), document.path().display());
    let begins =
        format!("{path}, with TRACKSIDE__MODE of the environment: mistakes in the configuration:\nmode: ");
    assert!(text.starts_with(&begins), "{text}");
    assert_eq!(format!("{error:?}"), text, "a `main` that fails with it shows it");
    assert_eq!(error.file(), Some(document.path()));
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_named() {
    use std::os::unix::ffi::OsStringExt;

    let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let theirs = [(bytes(b"OTHER"), bytes(b"\xff"))];
    assert!(keys(theirs.into_iter()).unwrap().is_empty());

    let ours = [(bytes(b"TRACKSIDE__SHUTDOWN"), bytes(b"\xff"))];
    let error = LoadError::new(Origin::Environment, keys(ours.into_iter()).unwrap_err());
    assert_eq!(
        error.to_string(),
        "the environment (TRACKSIDE_CONFIG names no file): the environment variable \"TRACKSIDE__SHUTDOWN\" \
         is not UTF-8; set it to text, or unset it"
    );
}

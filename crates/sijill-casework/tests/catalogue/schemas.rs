//! The published schemas (`schemas/events/`) are what is generated. `UPDATE_SCHEMAS=1` writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sijill_casework::catalogue::{CATALOGUE, latest};

#[test]
fn published_schemas_are_the_generated_ones() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/events");
    let generated: BTreeMap<String, String> = CATALOGUE
        .iter()
        .map(|spec| {
            let text = serde_json::to_string_pretty(&spec.json_schema()).expect("JSON");
            (format!("{}.v{}.json", spec.name, spec.v), text + "\n")
        })
        .collect();
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        fs::create_dir_all(&dir).expect("schemas/events");
        for (name, text) in &generated {
            fs::write(dir.join(name), text).expect("a schema");
        }
    }
    let published: BTreeMap<String, String> = fs::read_dir(&dir)
        .expect("schemas/events")
        .map(|file| {
            let path = file.expect("a file").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("a schema"))
        })
        .collect();
    assert!(published.keys().eq(generated.keys()), "schemas/events holds other files than there are types");
    for (name, text) in &generated {
        assert_eq!(Some(text), published.get(name), "{name} (UPDATE_SCHEMAS=1 writes it anew)");
    }
}

/// What a form needs stands in the schema.
#[test]
fn a_schema_says_class_label_and_list() {
    let schema = latest("risk.assessed").expect("a type").json_schema();
    let risk = &schema["properties"]["risk"];
    assert_eq!(risk["x-class"], "casework");
    assert_eq!(risk["x-code-list"], "risk");
    assert_eq!(risk["x-label"]["ar"], "مستوى الخطورة");
    assert_eq!(schema["properties"]["findings"]["x-class"], "sensitive");
    assert_eq!(schema["required"], serde_json::json!(["concerns", "risk", "situations", "codes"]));
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["x-fields"][0], "concerns");
    assert_eq!(schema["x-streams"], serde_json::json!(["case"]));
}

/// Every field has its class, and label and description in both languages.
#[test]
fn every_field_is_described() {
    for spec in CATALOGUE {
        let schema = spec.json_schema();
        for (name, field) in schema["properties"].as_object().expect("properties") {
            assert!(field["x-class"].is_string(), "{} {name}", spec.name);
            for text in ["x-label", "x-description"] {
                for language in ["ar", "en"] {
                    let said = field[text][language].as_str().unwrap_or_default();
                    assert!(!said.trim().is_empty(), "{} {name} {text} {language}", spec.name);
                }
            }
            assert_eq!(field["description"], field["x-description"]["en"], "{} {name}", spec.name);
        }
    }
}

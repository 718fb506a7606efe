//! Owns the part of `nhacviec.yaml` about a Zalo Official Account.

use std::time::Duration;

use chrono_tz::{Asia::Ho_Chi_Minh, Tz};

use super::{
    Folders,
    fields::{Fields, Reader, nearest},
    settings::read_secret,
};
use crate::channel::{ConsultationSettings, Endpoints, Field, TemplateSettings, USUAL_DEADLINE, ZaloOaSettings};

pub fn read_zalo_oa(reader: &Reader, oa: &Fields<'_>, folders: &Folders, zone: Option<Tz>) -> Option<ZaloOaSettings> {
    let app_id = oa.text("app_id");
    let app_secret = read_secret(reader, oa.text("app_secret_file"), folders);
    let proves_secret = read_switch(oa, "proves_secret");
    // For tests, and for an office that reaches Zalo through a relay of its own.
    let base_url = oa.parse(oa.optional_text("base_url"), "một địa chỉ web", |s| s.parse().ok());
    let consultation = oa.optional_fields("consultation", "mục consultation").map(|fields| {
        let may_cost = read_switch(&fields, "may_cost");
        fields.done();
        ConsultationSettings { may_cost }
    });
    let template = oa.optional_fields("template", "mục template").and_then(|fields| read_template(reader, &fields));
    let has_groups = read_switch(oa, "groups");
    let deadline = read_deadline(oa);
    oa.done();
    if consultation.is_none() && template.is_none() && !has_groups {
        reader.error(
            &oa.span,
            "mục zalo_oa chưa chọn cách gửi nào",
            "thêm consultation (tin tư vấn), template (theo số điện thoại) hoặc groups: true (nhóm)".to_owned(),
        );
    }
    Some(ZaloOaSettings {
        app_id: app_id?.value,
        app_secret: app_secret?,
        proves_secret,
        endpoints: base_url.map_or_else(Endpoints::default, |url| Endpoints::at(&url)),
        deadline,
        tokens: folders.state.join("zalo-tokens.json"),
        zone: zone.unwrap_or(Ho_Chi_Minh),
        consultation,
        template,
        has_groups,
    })
}

/// How long an answer of Zalo's is waited for.
pub fn read_deadline(fields: &Fields<'_>) -> Duration {
    let seconds =
        fields.parse(fields.optional_text("timeout_seconds"), "số giây chờ Zalo, từ 1 đến 120", |s| {
            s.parse().ok().filter(|n| (1..=120).contains(n))
        });
    seconds.map_or(USUAL_DEADLINE, Duration::from_secs)
}

pub fn read_switch(fields: &Fields<'_>, key: &'static str) -> bool {
    let value = fields.parse(fields.optional_text(key), "true hoặc false", |s| s.parse().ok());
    value.unwrap_or(false)
}

fn read_template(reader: &Reader, fields: &Fields<'_>) -> Option<TemplateSettings> {
    let id = fields.text("id");
    let is_development = read_switch(fields, "development");
    let mut parameters = Vec::new();
    if let Some(map) = fields.fields("parameters", "mục parameters") {
        for (name, node) in map.entries() {
            let Some(text) = reader.text(node, "parameters") else { continue };
            if let Ok(field) = text.value.parse::<Field>() {
                parameters.push((name.value.clone(), field));
                continue;
            }
            let words: Vec<_> = Field::ALL.iter().map(|f| f.as_str()).collect();
            let help = nearest(&text.value, words.iter().copied())
                .map_or_else(|| format!("các nội dung: {}", words.join(", ")), |near| format!("ý bạn là «{near}»?"));
            reader.error(&text.span, format!("mẫu tin Zalo không có nội dung «{}»", text.value), help);
        }
    }
    fields.done();
    Some(TemplateSettings { id: id?.value, parameters, is_development })
}

//! Owns the targets of a plan file: what is promised, how it is measured, who is warned.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    fields::{Fields, Reader, nearest},
    node::Node,
    units::Units,
};
use crate::domain::{
    dossier::SourceKind,
    ids::{SourceId, TargetId},
    office::SourceRules,
    plan::{Basis, Target},
    targets::Metric,
};

/// The one-stop systems that a target may count dossiers of.
pub type Sources = BTreeMap<SourceId, SourceRules>;

/// Decodes the list.
pub fn read_targets(reader: &Reader, nodes: &[&Node], units: &Units, sources: &Sources) -> Vec<Target> {
    let mut of_section: HashMap<String, u32> = HashMap::new();
    let mut seen: HashSet<TargetId> = HashSet::new();
    let mut targets = Vec::new();
    for node in nodes {
        let fields = reader.fields(node, "chỉ tiêu");
        let Some(target) = read_target(reader, &fields, units, sources, &mut of_section) else { continue };
        if !seen.insert(target.id.clone()) {
            let message = format!("mã chỉ tiêu «{}» bị dùng hai lần", target.id);
            reader.error(&fields.span, message, "đặt mã khác ở mục id".to_owned());
        }
        targets.push(target);
    }
    targets
}

fn read_target(
    reader: &Reader,
    fields: &Fields<'_>,
    units: &Units,
    sources: &Sources,
    of_section: &mut HashMap<String, u32>,
) -> Option<Target> {
    let (section, text) = (fields.text("section"), fields.text("text"));
    let bound = read_bound(reader, fields);
    let id = fields.optional_text("id");
    let basis = read_basis(reader, fields, sources);
    let lead = units.resolve_all(reader, &fields.texts("lead"));
    fields.done();
    let section = section?.value;
    // Every target of the section counts, so that naming one renames no other.
    let nth = of_section.entry(section.clone()).and_modify(|n| *n += 1).or_insert(1);
    let by_place = if *nth == 1 { section.clone() } else { format!("{section}/{nth}") };
    let id = id.map_or(by_place, |t| t.value).into();
    let (percent, is_strict) = bound?;
    Some(Target { id, section, text: text?.value, percent, is_strict, basis, lead })
}

/// `at_least` or `above`: the percentage and whether more is wanted.
fn read_bound(reader: &Reader, fields: &Fields<'_>) -> Option<(u8, bool)> {
    let percent = |key| {
        fields.parse(fields.optional_text(key), "một tỷ lệ từ 0 đến 100", |s| {
            s.parse::<u8>().ok().filter(|p| *p <= 100)
        })
    };
    let written = [fields.get("at_least").is_some(), fields.get("above").is_some()];
    let (at_least, above) = (percent("at_least"), percent("above"));
    if written[0] == written[1] {
        reader.error(&fields.span, "chỉ tiêu phải có đúng một mục: at_least (tối thiểu) hoặc above (trên)", None);
        return None;
    }
    if above == Some(100) {
        let help = "muốn đủ 100% thì ghi at_least: 100".to_owned();
        reader.error(&fields.span, "không thể đạt trên 100%", help);
    }
    at_least.map(|percent| (percent, false)).or_else(|| above.map(|percent| (percent, true)))
}

fn read_basis(reader: &Reader, fields: &Fields<'_>, known: &Sources) -> Basis {
    let expected = "một cách tính từ hồ sơ: on-time (đúng hạn), early (trước hạn), online (trực tuyến), by-post (qua bưu \
                    chính), paid-online (thanh toán trực tuyến), late-answered (chậm đã giải trình và xin lỗi)";
    let written = fields.optional_text("metric");
    let metric: Option<Metric> = fields.parse(written.clone(), expected, |s| s.parse().ok());
    let named = fields.get("sources");
    let mut sources = read_sources(reader, fields, known);
    let (Some(metric), Some(written)) = (metric, &written) else {
        if let (Some(node), None) = (named, written) {
            let help = "thêm mục metric, hoặc xóa mục sources".to_owned();
            reader.error(&node.span, "mục sources chỉ dùng cho chỉ tiêu tính từ hồ sơ (có mục metric)", help);
        }
        return Basis::Entered;
    };
    if named.is_none() {
        sources.extend(known.iter().filter(|(_, rules)| rules.kind == SourceKind::Dossiers).map(|(id, _)| id.clone()));
        if sources.is_empty() {
            let help = "khai báo mục sources trong nhacviec.yaml, hoặc xóa mục metric để nhập tay".to_owned();
            reader.warning(&written.span, "chỉ tiêu tính từ hồ sơ nhưng chưa có hệ thống một cửa nào", help);
        }
    }
    Basis::Counted { metric, sources }
}

fn read_sources(reader: &Reader, fields: &Fields<'_>, known: &Sources) -> Vec<SourceId> {
    let mut sources = Vec::new();
    for text in fields.texts("sources") {
        let id = SourceId::from(text.value.as_str());
        match known.get(&id).map(|rules| rules.kind) {
            Some(SourceKind::Dossiers) if sources.contains(&id) => {}
            Some(SourceKind::Dossiers) => sources.push(id),
            Some(SourceKind::Petitions) => {
                let help = "chỉ tiêu chỉ tính từ hệ thống hồ sơ (kind: dossiers)".to_owned();
                reader.error(&text.span, format!("«{id}» chứa phản ánh, kiến nghị, không phải hồ sơ"), help);
            }
            None => {
                let near = nearest(&text.value, known.keys().map(SourceId::as_str));
                let help = near.map_or_else(
                    || "khai báo ở mục sources của nhacviec.yaml".to_owned(),
                    |near| format!("ý bạn là «{near}»?"),
                );
                reader.error(&text.span, format!("không có hệ thống một cửa «{id}»"), help);
            }
        }
    }
    sources
}

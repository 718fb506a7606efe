//! Signed documents as offices write them: what becomes of each as a draft of a plan.

mod import_kit;
mod support;

use std::{
    io::{Cursor, Write as _},
    process::{Command, Output},
};

use import_kit::{Cell, docx, docx_with, names, read, sheet};
use nhacviec::{
    config::{self, Folders},
    domain::deadline::YearContext,
    import::{
        Confidence, DraftRow, KnownNames, Options, Refused,
        diff::{Change, compare},
        read_document, yaml,
    },
};
use proptest::prelude::*;
use support::OfficeFolder;
use unicode_normalization::UnicodeNormalization as _;
use zip::{ZipWriter, write::SimpleFileOptions};

const SEED: &str = include_str!("data/ke-hoach-kstthc-2023.txt");
const HEADER: [&str; 6] =
    ["TT", "Nội dung công việc", "Cơ quan chủ trì", "Cơ quan phối hợp", "Thời gian hoàn thành", "Dự kiến sản phẩm"];

fn example_folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

fn example_names() -> Options {
    let written = config::read_unit_names(&example_folder()).expect("the example is valid").expect("it has units");
    Options { names: KnownNames::new(written), ..Options::default() }
}

fn texts(rows: &[DraftRow], field: impl Fn(&DraftRow) -> String) -> Vec<String> {
    rows.iter().map(field).collect()
}

fn ids(rows: &[DraftRow]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

fn said(row: &DraftRow) -> String {
    row.reviews.iter().map(|r| r.sentence.as_str()).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_signed_document_becomes_exactly_the_plan_of_the_example_office() {
    let draft = read_document(SEED.as_bytes(), &example_names()).expect("a plan");
    let (_, written) = config::read_written_plan(&example_folder().join("plans/kstthc-2023.yaml")).expect("a plan");
    assert_eq!(draft.rows.len(), 18);
    assert_eq!(written.len(), 18);
    for (row, task) in draft.rows.iter().zip(&written) {
        assert_eq!(row.id, task.id);
        assert_eq!(row.section, task.section, "{}", row.id);
        assert_eq!(Some(&row.content), task.content.as_ref(), "{}", row.id);
        assert_eq!(row.lead, task.lead, "{}", row.id);
        assert_eq!(row.coordinating, task.coordinating, "{}", row.id);
        assert_eq!(Some(&row.deadline), task.deadline.as_ref(), "{}", row.id);
        assert_eq!(row.product, task.product, "{}", row.id);
    }
    assert_eq!(
        draft.title.as_deref(),
        Some("Kế hoạch thực hiện kiểm soát thủ tục hành chính và cơ chế một cửa, một cửa liên thông năm 2023")
    );
    assert_eq!(draft.year, Some(YearContext::Year(2023)));
    assert!(!draft.needs_person());
    assert!(compare(&written, &draft).is_empty());
    let looked_at: Vec<&str> =
        draft.rows.iter().filter(|r| r.confidence() != Confidence::Sure).map(|r| r.id.as_str()).collect();
    assert_eq!(looked_at, ["II.3.3", "III.3.2"], "two leads, and a phrase with two readings");
}

#[test]
fn the_signed_document_is_the_same_plan_as_a_word_file_and_as_a_sheet() {
    let annex: Vec<Vec<&str>> =
        SEED.lines().filter(|line| line.contains('\t')).map(|line| line.split('\t').collect()).collect();
    let from_text = read_document(SEED.as_bytes(), &example_names()).expect("a plan");
    let rows: Vec<Vec<Cell>> = annex.iter().map(|row| row.iter().map(|text| Cell::text(text)).collect()).collect();
    let from_word = read_document(&docx(&[], &rows), &example_names()).expect("a plan");
    let from_sheet = read_document(&sheet(&annex), &example_names()).expect("a plan");
    for other in [&from_word, &from_sheet] {
        let plain = |row: &DraftRow| DraftRow { place: from_text.rows[0].place, ..row.clone() };
        let (mine, others): (Vec<_>, Vec<_>) =
            (from_text.rows.iter().map(plain).collect(), other.rows.iter().map(plain).collect());
        assert_eq!(mine, others);
    }
    assert_eq!(from_word.rows[0].place.to_string(), "bảng 1, dòng 3");
}

#[test]
fn merged_cells_and_headers_in_two_rows_are_unfolded() {
    let rows = vec![
        vec![
            Cell::text("STT").begins(),
            Cell::text("Nhiệm vụ").begins(),
            Cell::text("Cơ quan thực hiện").over(2),
            Cell::text("Thời hạn").begins(),
        ],
        vec![Cell::goes_on(), Cell::goes_on(), Cell::text("Chủ trì"), Cell::text("Phối hợp"), Cell::goes_on()],
        vec![Cell::text("(1)"), Cell::text("(2)"), Cell::text("(3)"), Cell::text("(4)"), Cell::text("(5)")],
        vec![Cell::text("I. VĂN BẢN").over(5)],
        vec![
            Cell::text("1"),
            Cell::text("Xây dựng kế hoạch"),
            Cell::text("Văn phòng").begins(),
            Cell::text("Phòng A"),
            Cell::text("Quý I/2026").begins(),
        ],
        vec![Cell::text("2"), Cell::text("Tổ chức hội nghị"), Cell::goes_on(), Cell::text("Phòng B"), Cell::goes_on()],
    ];
    let draft = read(&docx(&["KẾ HOẠCH", "Công tác năm 2026"], &rows), &["Văn phòng", "Phòng A", "Phòng B"]);
    assert_eq!(ids(&draft.rows), ["I.1", "I.2"]);
    assert_eq!(draft.title.as_deref(), Some("Kế hoạch công tác năm 2026"));
    for row in &draft.rows {
        assert_eq!((row.section.as_str(), row.deadline.as_str()), ("I. VĂN BẢN", "Quý I/2026"));
        assert_eq!(row.lead, ["Văn phòng"]);
        assert_eq!(row.confidence(), Confidence::Sure, "{}", said(row));
    }
    assert_eq!(texts(&draft.rows, |r| r.coordinating.join("+")), ["Phòng A", "Phòng B"]);
}

#[test]
fn a_row_cut_by_the_end_of_a_page_is_put_together_under_the_repeated_header() {
    let rows: Vec<Vec<&str>> = vec![
        HEADER.to_vec(),
        vec!["1", "Báo cáo đánh giá tác động", "Văn phòng", "Các phòng", "Tháng 6/2026", "Báo cáo, bản đánh giá của"],
        HEADER.to_vec(),
        vec!["", "", "", "", "", "cơ quan"],
        vec!["2", "Việc khác", "Văn phòng", "", "Thường xuyên", ""],
    ];
    let rows: Vec<Vec<Cell>> = rows.iter().map(|row| row.iter().map(|t| Cell::text(t)).collect()).collect();
    let draft = read(&docx(&["KẾ HOẠCH NĂM 2026"], &rows), &["Văn phòng", "Các phòng"]);
    assert_eq!(texts(&draft.rows, |r| r.product.clone()), ["Báo cáo, bản đánh giá của cơ quan", ""]);
}

#[test]
fn columns_are_found_by_their_words_in_any_order() {
    let text = "KẾ HOẠCH NĂM 2026\nSản phẩm\tThời hạn hoàn thành\tĐơn vị phối hợp\tNhiệm vụ\tĐơn vị chủ trì\tSTT\n\
                Báo cáo\tTrước ngày 15/3\tPhòng B\tTổng kết\tPhòng A\t1\n";
    let draft = read(text.as_bytes(), &["Phòng A", "Phòng B"]);
    let row = &draft.rows[0];
    assert_eq!((row.id.as_str(), row.content.as_str(), row.product.as_str()), ("1", "Tổng kết", "Báo cáo"));
    assert_eq!((&row.lead[..], &row.coordinating[..]), (&["Phòng A".to_owned()][..], &["Phòng B".to_owned()][..]));
    assert_eq!(row.deadline, "Trước ngày 15/3");
}

#[test]
fn both_roles_in_one_cell_and_two_leads_are_told_apart() {
    let text = "TT\tNội dung\tĐơn vị chủ trì, phối hợp\tThời gian\n\
                1\tMột\tChủ trì: Phòng A; phối hợp: Phòng B, các đơn vị có liên quan\tTháng 6/2026\n\
                2\tHai\tPhòng A, Phòng B\tTháng 6/2026\n";
    let draft = read(text.as_bytes(), &["Phòng A", "Phòng B"]);
    assert_eq!(
        (draft.rows[0].lead.join(","), draft.rows[0].coordinating.join(",")),
        ("Phòng A".into(), "Phòng B".into())
    );
    assert!(said(&draft.rows[0]).contains("«các đơn vị có liên quan» không chỉ rõ đơn vị nào"));
    assert_eq!(draft.rows[1].lead, ["Phòng A", "Phòng B"]);
    assert!(said(&draft.rows[1]).contains("nhiều đơn vị chủ trì"));
}

#[test]
fn what_is_not_understood_keeps_its_row_and_must_be_looked_at() {
    let text = "TT\tNội dung\tĐơn vị chủ trì\tThời gian\n\
                1\tMột\tPhòng AA\tTháng 6/2026\n\
                2\tHai\tPhòng A\tlúc nào rảnh thì làm\n\
                3\tBa\tPhòng A\tThường xuyên\n\
                4\tBốn\tnt\tKhi có phát sinh\n";
    let draft = read(text.as_bytes(), &["Phòng A", "Phòng B"]);
    let levels: Vec<Confidence> = draft.rows.iter().map(DraftRow::confidence).collect();
    assert_eq!(levels, [Confidence::Must, Confidence::Must, Confidence::Sure, Confidence::Look]);
    assert!(said(&draft.rows[0]).contains("gần nhất là «Phòng A»"), "{}", said(&draft.rows[0]));
    assert_eq!(draft.rows[1].deadline, "lúc nào rảnh thì làm");
    assert_eq!(draft.rows[3].lead, ["Phòng A"]);
    assert!(draft.needs_person());
}

#[test]
fn an_annex_of_results_without_coordinators_gives_its_rows() {
    let text = "TT\tNHIỆM VỤ\tKẾT QUẢ YÊU CẦU\tTHỜI GIAN HOÀN THÀNH\tCƠ QUAN THỰC HIỆN\tTIẾN ĐỘ\tKẾT QUẢ HIỆN NAY\n\
                **I**\t**Nhận thức**\t\t\t\t\t\n\
                1.\tTuyên truyền\tQuyết định\tTháng 4/2025\tBộ Văn hóa, Thể thao và Du lịch\tHoàn thành\tĐã ban hành ngày 28/5\n\
                **II**\t**Thể chế**\t\t\t\t\t\n\
                2.\tRà soát\tKế hoạch\tTháng 5/2025\tCác bộ, ngành, địa phương\tQuá hạn\t\n";
    let draft = read_document(text.as_bytes(), &Options::default()).expect("a plan");
    assert_eq!(ids(&draft.rows), ["I.1", "II.2"]);
    assert_eq!(texts(&draft.rows, |r| r.section.clone()), ["I. Nhận thức", "II. Thể chế"]);
    assert_eq!(
        texts(&draft.rows, |r| r.lead.join("|")),
        ["Bộ Văn hóa, Thể thao và Du lịch", "Các bộ, ngành, địa phương"]
    );
    assert_eq!(texts(&draft.rows, |r| r.deadline.clone()), ["Tháng 4/2025", "Tháng 5/2025"]);
    assert_eq!(texts(&draft.rows, |r| r.product.clone()), ["Quyết định", "Kế hoạch"]);
    assert_eq!(draft.year, Some(YearContext::Year(2025)));
}

#[test]
fn a_school_calendar_with_one_cell_on_each_line_gives_its_rows() {
    let text = "LỊCH THỰC HIỆN KẾ HOẠCH NĂM HỌC 2019-2020\nTHÁNG\nTUẦN C.MÔN\nNỘI DUNG CÔNG VIỆC\nBỘ PHẬN T.HIỆN\n\
                8/2019\nTừ\n05 - 31/8\n- Tu bổ cơ sở vật chất.\n- Tựu trường\n( 19/8/2019)\n- Họp phụ huynh. (Sáng 28/8)\n\
                - Ban giám hiệu\n• Giáo viên\n-Hiệu trưởng\n9/2019\nTừ 01- 08/9\n- Khai giảng (05/9)\n- Trường\n";
    let draft = read_document(text.as_bytes(), &Options::default()).expect("a plan");
    assert_eq!(texts(&draft.rows, |r| r.deadline.clone()), ["Từ 05 - 31/8", "19/8/2019", "Sáng 28/8", "05/9"]);
    assert_eq!(texts(&draft.rows, |r| r.lead.join("|")), ["Ban giám hiệu", "Giáo viên", "Hiệu trưởng", "Trường"]);
    assert_eq!(draft.rows[1].content, "Tựu trường");
    assert_eq!(draft.year, Some(YearContext::SchoolYear(2019)));
}

#[test]
fn numbered_rows_with_one_cell_on_each_line_are_folded() {
    let text = "PHỤ LỤC\nNHIỆM VỤ NĂM 2026\nTT\nNội dung\nĐơn vị chủ trì\nThời gian hoàn thành\nI\nCông tác chung\n\
                1\nXây dựng quy chế\nPhòng A\nTháng 3/2026\n2\nKiểm tra\nPhòng B\nThường xuyên\nNơi nhận:\n- Lưu.\n";
    let draft = read(text.as_bytes(), &["Phòng A", "Phòng B"]);
    assert_eq!(ids(&draft.rows), ["I.1", "I.2"]);
    assert_eq!(texts(&draft.rows, |r| r.lead.join("|")), ["Phòng A", "Phòng B"]);
    assert!(!draft.needs_person());
}

#[test]
fn columns_that_only_spaces_keep_apart_are_read_by_their_place() {
    let text = "KẾ HOẠCH NĂM 2026\n\n\
        STT   Nội dung công việc         Đơn vị chủ trì      Thời gian\n\
        \u{20}                                                    hoàn thành\n\
        I     CÔNG TÁC CHUNG\n\
        1     Xây dựng kế hoạch          Phòng A,            Tháng 1/2026\n\
        \u{20}     của cơ quan                Phòng B\n\
        2     Tổng kết                   Phòng B             Tháng 12/2026\n";
    let draft = read(text.as_bytes(), &["Phòng A", "Phòng B"]);
    assert_eq!(ids(&draft.rows), ["I.1", "I.2"]);
    assert_eq!(texts(&draft.rows, |r| r.content.clone()), ["Xây dựng kế hoạch của cơ quan", "Tổng kết"]);
    assert_eq!(texts(&draft.rows, |r| r.lead.join("|")), ["Phòng A|Phòng B", "Phòng B"]);
    assert_eq!(texts(&draft.rows, |r| r.deadline.clone()), ["Tháng 1/2026", "Tháng 12/2026"]);
}

#[test]
fn a_table_without_a_header_and_two_rows_in_one_is_taken_apart() {
    let text = "1. | Các khoa gửi danh sách đề xuất | 25/9/2017 |\n2. | Họp hội đồng xét chọn | 2-8/10/2017 |\n\
                3. 4. | Thông báo kết quả Phòng khoa học hướng dẫn lập đề cương | 11-13/10/2017 14-15/10/2017 |\n\
                5. | Nộp đề cương | 25/10/2017 |\n";
    let draft = read_document(text.as_bytes(), &Options::default()).expect("a plan");
    assert_eq!(ids(&draft.rows), ["1", "2", "3", "4", "5"]);
    assert_eq!(draft.rows[2].content, "Thông báo kết quả");
    assert_eq!(texts(&draft.rows[2..4], |r| r.deadline.clone()), ["11-13/10/2017", "14-15/10/2017"]);
    assert!(draft.rows.iter().all(|row| row.confidence() == Confidence::Must), "nobody is in charge");
}

#[test]
fn days_listed_under_a_month_get_their_month() {
    let text = "Tháng | Người tiếp | Chức vụ | Ngày tiếp công dân |\n\
                Tháng 7 | [họ tên] | Chủ tịch | Ngày 03; 10; 17; 24; 31 (Thứ 5) |\n\
                Tháng 8 | [họ tên] | Chủ tịch | Ngày 07; 14; 21; 28 (Thứ 5) |\n";
    let options = Options { year: Some(YearContext::Year(2025)), ..Options::default() };
    let draft = read_document(text.as_bytes(), &options).expect("a plan");
    assert_eq!(draft.rows[0].content, "Tiếp công dân");
    assert_eq!(draft.rows[0].lead, ["Chủ tịch"]);
    assert!(draft.rows[0].deadline.to_lowercase().ends_with("tháng 7"), "{}", draft.rows[0].deadline);
    assert!(draft.rows[1].deadline.to_lowercase().ends_with("tháng 8"), "{}", draft.rows[1].deadline);
}

#[test]
fn letters_romans_and_figures_make_the_outline() {
    let row = |number: &str, content: &str, unit: &str| {
        let due = if unit.is_empty() { "" } else { "Thường xuyên" };
        format!("{number}\t{content}\t{unit}\t{due}\n")
    };
    let text = "TT\tNội dung\tChủ trì\tThời hạn\n".to_owned()
        + &row("A", "PHẦN CHUNG", "")
        + &row("I", "Thể chế", "")
        + &row("1", "Một", "Phòng A")
        + &row("2", "Nhóm", "")
        + &row("a)", "Việc a", "Phòng A")
        + &row("b)", "Việc b", "Phòng A")
        + &row("-", "Việc không số", "Phòng A")
        + &row("II", "Hạ tầng", "")
        + &row("1", "Một nữa", "Phòng A")
        + &row("B", "PHẦN RIÊNG", "")
        + &row("C", "PHẦN CUỐI", "Phòng A");
    let draft = read(("KẾ HOẠCH NĂM 2026\n".to_owned() + &text).as_bytes(), &["Phòng A"]);
    assert_eq!(ids(&draft.rows), ["A.I.1", "A.I.2.a", "A.I.2.b", "A.I.2.b-1", "A.II.1", "C"]);
    assert_eq!(draft.rows[1].section, "A. PHẦN CHUNG / I. Thể chế / 2. Nhóm");
    assert!(draft.remarks.iter().any(|r| r.sentence.contains("«B. PHẦN RIÊNG»")), "{:?}", draft.remarks);
}

#[test]
fn automatic_numbers_and_tracked_changes_of_word_are_respected() {
    let numbering = "<w:abstractNum w:abstractNumId=\"3\"><w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/>\
        <w:numFmt w:val=\"decimal\"/><w:lvlText w:val=\"%1.\"/></w:lvl></w:abstractNum>\
        <w:num w:numId=\"7\"><w:abstractNumId w:val=\"3\"/></w:num>";
    let automatic = "<w:pPr><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"7\"/></w:numPr></w:pPr>";
    let row =
        |content: &str| vec![Cell::raw(automatic), Cell::raw(content), Cell::text("Phòng A"), Cell::text("Quý II")];
    let rows = vec![
        ["TT", "Nội dung", "Chủ trì", "Thời hạn"].iter().map(|t| Cell::text(t)).collect(),
        row("<w:r><w:t xml:space=\"preserve\">Việc </w:t></w:r><w:del><w:r><w:delText>cũ</w:delText></w:r></w:del>\
             <w:ins><w:r><w:t>mới &amp; đủ</w:t></w:r></w:ins>"),
        row("<w:r><w:t>Việc hai</w:t></w:r>"),
    ];
    let draft = read(&docx_with(&["KẾ HOẠCH NĂM 2026"], &rows, numbering), &["Phòng A"]);
    assert_eq!(ids(&draft.rows), ["1", "2"]);
    assert_eq!(draft.rows[0].content, "Việc mới & đủ");
}

#[test]
fn tables_of_signatures_are_left_out_and_a_table_cut_in_two_goes_on() {
    let table = |rows: &[Vec<&str>]| {
        let rows: Vec<Vec<Cell>> = rows.iter().map(|row| row.iter().map(|t| Cell::text(t)).collect()).collect();
        let xml = import_kit::document(&[], &rows);
        let (from, to) = (xml.find("<w:tbl>").expect("a table"), xml.find("<w:p/></w:body>").expect("an end"));
        xml[from..to].to_owned()
    };
    let body = [
        table(&[vec!["UBND TỈNH\nSỞ Y", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"]]),
        "<w:p><w:r><w:t>KẾ HOẠCH</w:t></w:r></w:p><w:p><w:r><w:t>Công tác giai đoạn 2026-2030</w:t></w:r></w:p>"
            .to_owned(),
        table(&[HEADER.to_vec(), vec!["1", "- Một", "Phòng A", "", "Tháng 3/2026", "Báo cáo"]]),
        "<w:p/>".to_owned(),
        table(&[vec!["2", "Hai", "Phòng A", "", "Thường xuyên", "Báo cáo"]]),
        table(&[vec!["Nơi nhận:\n- Lưu: VT.", "GIÁM ĐỐC"], vec!["", "(đã ký)"]]),
    ];
    let xml = format!("<w:document xmlns:w=\"x\"><w:body>{}</w:body></w:document>", body.concat());
    let draft = read(&zipped(&[("word/document.xml", xml.as_bytes())]), &["Phòng A"]);
    assert_eq!(texts(&draft.rows, |r| r.content.clone()), ["Một", "Hai"]);
    assert_eq!(draft.rows[1].place.to_string(), "bảng 3, dòng 1");
    assert_eq!((draft.year, draft.until), (Some(YearContext::Year(2026)), Some(2030)));
    assert!(!draft.needs_person(), "{:?}", draft.rows);
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).expect("a part");
        zip.write_all(bytes).expect("written");
    }
    zip.finish().expect("a file").into_inner()
}

#[test]
fn files_that_are_not_what_they_claim_are_refused_by_what_to_do() {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let compound = |stream: &str| [&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1][..], &wide(stream)].concat();
    let deep = format!("<w:document>{}", "<w:tbl>".repeat(10_000));
    let entity = b"<!DOCTYPE a [<!ENTITY b \"bbbb\">]><w:document>&b;</w:document>";
    let cases: [(Vec<u8>, Refused); 12] = [
        (b"  ".to_vec(), Refused::Empty),
        (b"%PDF-1.7 ...".to_vec(), Refused::Pdf),
        (compound("EncryptedPackage"), Refused::Protected),
        (compound("WordDocument"), Refused::OldWord),
        (b"PK\x03\x04 cut".to_vec(), Refused::Damaged),
        (zipped(&[("a.txt", b"a")]), Refused::NotADocument),
        (zipped(&[("word/document.xml", b"<w:document><w:p>")]), Refused::Damaged),
        (zipped(&[("word/document.xml", deep.as_bytes())]), Refused::Inflates),
        (zipped(&[("word/document.xml", entity)]), Refused::Damaged),
        (zipped(&[("word/document.xml", &vec![b' '; 70 << 20])]), Refused::Inflates),
        (b"{\\rtf1 x}".to_vec(), Refused::NotADocument),
        ("Chỉ là một lá thư.\nKhông có bảng.".as_bytes().to_vec(), Refused::NoTable),
    ];
    for (bytes, refused) in cases {
        assert_eq!(read_document(&bytes, &Options::default()), Err(refused), "{refused:?}");
        assert!(!refused.sentence().is_empty());
    }
}

#[test]
fn a_document_of_two_hundred_rows_gives_all_of_them() {
    let mut rows = vec![HEADER.iter().map(|t| Cell::text(t)).collect::<Vec<_>>()];
    for n in 1..=200 {
        let content = format!("Nhiệm vụ thứ {n}: {}", "rà soát, đánh giá ".repeat(12));
        let cells = [
            &n.to_string(),
            &content,
            "Văn phòng Sở",
            "Các phòng chuyên môn, Trung tâm",
            "Trước ngày 15 hằng tháng",
            "Báo cáo",
        ];
        rows.push(cells.iter().map(|t| Cell::text(t)).collect());
    }
    let bytes = docx(&["KẾ HOẠCH NĂM 2026"], &rows);
    assert_eq!(read_document(&bytes, &example_names()).expect("a plan").rows.len(), 200);
}

#[test]
fn an_amended_decision_is_told_field_by_field() {
    let (_, written) = config::read_written_plan(&example_folder().join("plans/kstthc-2023.yaml")).expect("a plan");
    let amended = SEED
        .replace("Trước ngày 15/01/2023", "Trước ngày 31/01/2023")
        .replace("3.2\tThực hiện rà soát, đánh giá TTHC\tCác phòng chuyên môn\tVăn phòng Sở\tTheo kế hoạch riêng của UBND tỉnh\tBáo cáo kết quả\n", "")
        .replace("3.3\tThực hiện rà soát theo", "3.2\tThực hiện rà soát theo")
        + "\nVI\tTổng kết năm\tVăn phòng Sở\t\tTrước 20/12/2023\tBáo cáo\n";
    let draft = read_document(amended.as_bytes(), &example_names()).expect("a plan");
    let changes = compare(&written, &draft);
    let told: Vec<String> = changes
        .iter()
        .map(|change| match change {
            Change::Added { row } => format!("+{}", row.id),
            Change::Dropped { id, .. } => format!("-{id}"),
            Change::Changed { id, fields, .. } => {
                let fields: Vec<String> = fields.iter().map(|f| format!("{}={}", f.field, f.new)).collect();
                format!("~{id} {}", fields.join(","))
            }
        })
        .collect();
    assert_eq!(told, ["~I.1 deadline=Trước ngày 31/01/2023", "~II.3.3 id=II.3.2", "+VI", "-II.3.2"]);
}

/// Replaces the plan of the example office by a text and loads it with the daemon's own code.
fn loaded(text: &str) -> Result<config::Config, String> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in config::example::FILES {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, if name.starts_with("plans/") { text } else { content }).expect("writable");
    }
    let folders = Folders { config: folder.path().to_owned(), state: folder.path().to_owned(), credentials: None };
    config::load(&folders).map_err(|error| error.one_line())
}

#[test]
fn the_draft_loads_as_the_plan_it_describes() {
    let draft = read_document(SEED.as_bytes(), &example_names()).expect("a plan");
    let text = yaml::write(&draft, yaml::Head { id: "kstthc-2023", file: "ke-hoach.txt" });
    let config = loaded(&text).expect("the draft is a plan");
    let plan = config.office.agenda.plans.first().expect("a plan");
    assert_eq!(plan.tasks.len(), 18);
    for (task, row) in plan.tasks.iter().zip(&draft.rows) {
        assert_eq!((task.id.as_str(), &*task.content, &*task.phrase), (&*row.id, &*row.content, &*row.deadline));
    }
    for row in &draft.rows {
        let above = text.lines().zip(text.lines().skip(1)).find(|(_, line)| *line == format!("  - id: \"{}\"", row.id));
        let (comment, _) = above.expect("the row is written");
        assert!(comment.contains(row.confidence().name()) && comment.contains("dòng"), "{comment}");
    }
}

fn nhacviec(folder: &OfficeFolder, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(arguments).arg("--config").arg(folder.config()).output().expect("the program runs")
}

#[test]
fn the_command_speaks_vietnamese_and_never_overwrites() {
    let folder =
        OfficeFolder::new(25, "  - { id: \"1\", content: Tổng kết, lead: [phong-a], deadline: \"Tháng 3/2023\" }\n");
    let file = folder.root.path().join("Kế hoạch 2023.txt");
    let text = "KẾ HOẠCH NĂM 2023\nTT\tNội dung\tChủ trì\tThời hạn\n1\tTổng kết\tPhòng A\tTháng 6/2023\n";
    std::fs::write(&file, text).expect("writable");
    let file = file.to_str().expect("UTF-8");
    let shown = |output: &Output| {
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
    };

    let (help, _) = shown(&nhacviec(&folder, &["import", "plan", "--help"]));
    assert!(help.contains("Cách dùng") && help.contains("--into") && !help.contains("Usage"), "{help}");

    let output = nhacviec(&folder, &["import", "plan", file]);
    let (draft, review) = shown(&output);
    assert_eq!(output.status.code(), Some(0), "{review}");
    assert!(draft.contains("id: \"ke-hoach-2023\"") && draft.contains("deadline: \"Tháng 6/2023\""), "{draft}");
    assert!(review.contains("không có chỗ nào cần xem lại"), "{review}");

    let target = folder.root.path().join("moi.yaml");
    let target = target.to_str().expect("UTF-8");
    assert_eq!(nhacviec(&folder, &["import", "plan", file, "--out", target]).status.code(), Some(0));
    let again = nhacviec(&folder, &["import", "plan", file, "--out", target]);
    assert_eq!(again.status.code(), Some(1));
    assert!(shown(&again).1.contains("đã có tệp"));

    let (changes, _) = shown(&nhacviec(&folder, &["import", "plan", file, "--into", "kh"]));
    assert!(changes.contains("thời hạn: «Tháng 3/2023» → «Tháng 6/2023»"), "{changes}");
    let (_, missing) = shown(&nhacviec(&folder, &["import", "plan", file, "--into", "khong-co"]));
    assert!(missing.contains("không có kế hoạch «khong-co»; các kế hoạch: kh"), "{missing}");

    let (json, _) = shown(&nhacviec(&folder, &["import", "plan", file, "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["tasks"][0]["confidence"], "sure");
    let (_, refused) = shown(&nhacviec(&folder, &["import", "plan", folder.config().to_str().expect("UTF-8")]));
    assert!(refused.contains("không phải là một tệp"), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_text_survives_the_plan_file(text in "\\PC{0,60}|[\\x00-\\x7f]{0,30}|[\"'\\\\#:{}\\[\\]\\n\\t\u{85}\u{2028}\u{feff}à-ỹ ]{0,30}") {
        let text: String = text.nfc().collect::<String>().trim().to_owned();
        prop_assume!(!text.is_empty() && !text.contains('\u{0}'));
        let yaml = format!("plan: {{ id: a }}\ntasks:\n  - {{ id: \"1\", content: {} }}\n", yaml::quote(&text));
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), &yaml).expect("writable");
        let (_, tasks) = config::read_written_plan(file.path()).map_err(|f| TestCaseError::fail(format!("{f:?}\n{yaml}")))?;
        prop_assert_eq!(tasks[0].content.as_deref(), Some(text.as_str()));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), kind in 0..5_usize) {
        let starts: [&[u8]; 5] = [b"", b"PK\x03\x04", &[0xd0, 0xcf, 0x11, 0xe0], "TT\tNội dung\tChủ trì\n".as_bytes(), b"<table>"];
        let _ = read_document(&[starts[kind], &bytes].concat(), &names(&["Phòng A", "Phòng"]));
    }

    #[test]
    fn no_cells_make_it_panic(cells in proptest::collection::vec("[IVXab0-9.() ]{0,5}|(Phòng A|và|,|chủ trì|phối hợp|:|thuộc| |\\(|\\)|\n){0,9}|\\PC{0,9}|tháng [0-9/]{1,7}", 0..60)) {
        let mut text = "TT\tNội dung\tChủ trì\tPhối hợp\tThời hạn\n".to_owned();
        for row in cells.chunks(5) {
            text += &(row.iter().map(|c| c.replace(['\t', '\n'], " ")).collect::<Vec<_>>().join("\t") + "\n");
        }
        if let Ok(draft) = read_document(text.as_bytes(), &names(&["Phòng A", "Phòng"])) {
            let mut seen = std::collections::HashSet::new();
            prop_assert!(draft.rows.iter().all(|row| seen.insert(row.id.clone())), "ids are unique");
            let _ = yaml::write(&draft, yaml::Head { id: "a", file: "b" });
        }
    }

    #[test]
    fn no_damaged_word_file_makes_it_panic(at in 0.0..1.0_f64, cut in 0..40_usize, put in "[<>/&;wtblrcp:= \"]{0,12}") {
        let rows = vec![
            HEADER.iter().map(|t| Cell::text(t)).collect::<Vec<_>>(),
            vec![Cell::text("1").begins(), Cell::text("Một").over(3), Cell::text("Phòng A"), Cell::text("Quý I")],
            vec![Cell::goes_on(), Cell::text("Hai"), Cell::text("Phòng A"), Cell::text(""), Cell::text("Quý I")],
        ];
        let xml = import_kit::document(&["KẾ HOẠCH NĂM 2026"], &rows);
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a short text")]
        let mut from = (xml.len() as f64 * at) as usize;
        while !xml.is_char_boundary(from) { from -= 1; }
        let mut to = (from + cut).min(xml.len());
        while !xml.is_char_boundary(to) { to += 1; }
        let damaged = format!("{}{put}{}", &xml[..from], &xml[to..]);
        let _ = read_document(&zipped(&[("word/document.xml", damaged.as_bytes())]), &names(&["Phòng A"]));
        let whole = docx(&["KẾ HOẠCH NĂM 2026"], &rows);
        let mut bytes = whole.clone();
        let last = bytes.len() - 1;
        bytes[from % (last + 1)] ^= 0x55;
        let _ = read_document(&bytes, &names(&["Phòng A"]));
    }
}

//! Files as offices export them, and files nobody should export, read by content.

use std::io::{Cursor, Read as _, Write as _};

use nhacviec::source::table::{Export, ExportRow, Field, HeaderWords, MAX_BYTES, Unreadable, read_export};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};
use unicode_normalization::UnicodeNormalization as _;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

const HEADER: &str = "STT;Mã hồ sơ;Chủ hồ sơ;Ngày tiếp nhận;Ngày hẹn trả;Trạng thái\n";
const NAME: &str = "Trần Thị Bịa";

fn read(bytes: impl AsRef<[u8]>) -> Export {
    read_export(bytes.as_ref(), &HeaderWords::default()).expect("a readable file")
}

fn refusal(bytes: impl AsRef<[u8]>) -> Unreadable {
    read_export(bytes.as_ref(), &HeaderWords::default()).expect_err("an unreadable file")
}

fn value(row: &ExportRow, field: Field) -> &str {
    row.values.get(&field).map_or("", String::as_str)
}

fn column(export: &Export, field: Field) -> Vec<&str> {
    export.rows.iter().map(|row| value(row, field)).collect()
}

fn numbers(export: &Export) -> Vec<u32> {
    export.rows.iter().map(|row| row.number).collect()
}

fn workbook(write: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    write(workbook.add_worksheet());
    workbook.save_to_buffer().expect("a workbook")
}

fn write_row(sheet: &mut Worksheet, row: u32, texts: &[&str]) {
    for (column, text) in (0..).zip(texts) {
        sheet.write(row, column, *text).expect("a cell");
    }
}

/// A workbook whose parts went through `edit`, which gets each part's name and text.
fn edited(workbook: &[u8], edit: impl Fn(&str, String) -> String) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(workbook)).expect("an archive");
    let mut copy = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).expect("a part");
        let name = part.name().expect("a name").into_owned();
        let mut text = String::new();
        part.read_to_string(&mut text).expect("text");
        copy.start_file(name.as_str(), SimpleFileOptions::default()).expect("a part");
        copy.write_all(edit(&name, text).as_bytes()).expect("written");
    }
    copy.finish().expect("an archive").into_inner()
}

fn utf_16(text: &str, mark: [u8; 2]) -> Vec<u8> {
    let bytes = |unit: u16| if mark == [0xff, 0xfe] { unit.to_le_bytes() } else { unit.to_be_bytes() };
    mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
}

/// The smallest compound file that holds a stream of that name.
fn compound(stream: &str) -> Vec<u8> {
    let mut file = vec![0xff; 512 * 3];
    file[..512].fill(0);
    file[..8].copy_from_slice(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
    file[30] = 9;
    file[48] = 1; // the directory's first sector
    file[57] = 0x10;
    for unset in [60..64, 68..72, 80..512] {
        file[unset].fill(0xff);
    }
    // Table of sectors: the table itself, and the directory, the last of its chain.
    file[512..520].copy_from_slice(&[0xfd, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff]);
    file[1024..].fill(0);
    for (at, name) in [(1024, "Root Entry"), (1152, stream)] {
        for (place, unit) in name.encode_utf16().enumerate() {
            file[at + place * 2..at + place * 2 + 2].copy_from_slice(&unit.to_le_bytes());
        }
        file[at + 64] = u8::try_from(name.len() * 2 + 2).expect("short");
    }
    file
}

#[test]
fn a_workbook_with_titles_groups_and_a_signature_gives_its_dossiers() {
    let bytes = workbook(|sheet| {
        let date = Format::new().set_num_format("dd/mm/yyyy hh:mm");
        sheet.merge_range(0, 0, 0, 5, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", &Format::new()).expect("merged");
        write_row(sheet, 3, &["STT", "Mã hồ sơ", "Chủ hồ sơ", "Ngày tiếp nhận", "Ngày hẹn trả", "Trạng thái"]);
        write_row(sheet, 4, &["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"]);
        sheet.merge_range(5, 0, 5, 5, "I. Phòng Tư pháp", &Format::new()).expect("merged");
        write_row(sheet, 6, &["1", "H02-0001", NAME, "01/06/2025", "17h00 17/06/2025", "Đang xử lý"]);
        write_row(sheet, 7, &["II", "Phòng Nội vụ"]);
        write_row(sheet, 8, &["2"]);
        sheet.write(8, 1, 18_680_110.0).expect("a cell");
        let due = ExcelDateTime::from_ymd(2025, 6, 18).and_then(|day| day.and_hms(16, 30, 0)).expect("a date");
        sheet.write_with_format(8, 4, &due, &date).expect("a cell");
        sheet.write(8, 3, 45_825.0).expect("a cell");
        write_row(sheet, 9, &["Tổng cộng", "2"]);
        write_row(sheet, 11, &["", "", "", "Bắc Giang, ngày 17 tháng 6 năm 2025"]);
        write_row(sheet, 12, &["", "NGƯỜI LẬP BIỂU", "", "", "THỦ TRƯỞNG ĐƠN VỊ"]);
        write_row(sheet, 16, &["", "Lê Văn Đặt", "", "", "Phạm Thị Tên"]);
    });
    let export = read(bytes);
    assert_eq!(export.remarks, [""; 0]);
    assert_eq!(numbers(&export), [7, 9]);
    assert_eq!(column(&export, Field::Code), ["H02-0001", "18680110"]);
    assert_eq!(column(&export, Field::DueAt), ["17/06/2025 17:00:00", "18/06/2025 16:30:00"]);
    assert_eq!(column(&export, Field::ReceivedAt), ["01/06/2025", "17/06/2025"]);
    assert_eq!(column(&export, Field::Applicant), [NAME, ""]);
    let groups: Vec<_> = export.rows.iter().map(|row| row.group.as_deref()).collect();
    assert_eq!(groups, [Some("Phòng Tư pháp"), Some("Phòng Nội vụ")]);
}

#[test]
fn an_old_workbook_is_read_by_content_with_its_merged_code_and_without_its_hidden_sheet() {
    let export = read(include_bytes!("fixtures/export.xls"));
    assert_eq!(export.remarks, [""; 0]);
    assert_eq!(numbers(&export), [6, 7, 9]);
    assert_eq!(column(&export, Field::Code), ["000.00.18.H02-250601-0001", "18680110", "HS-3"]);
    assert_eq!(column(&export, Field::DueAt), ["17/06/2025 17:00:00", "17/06/2025", "19/06/2025 16:30:00"]);
    assert!(export.rows.iter().all(|row| row.group.as_deref() == Some("Phòng Tư pháp")));
}

#[test]
fn an_old_workbook_cut_anywhere_is_refused_and_breaks_nothing() {
    let whole = include_bytes!("fixtures/export.xls");
    for end in (0..whole.len()).step_by(7) {
        let _ = read_export(&whole[..end], &HeaderWords::default());
    }
    assert_eq!(refusal(&whole[..2048]), Unreadable::Damaged);
}

#[test]
fn an_old_workbook_whose_sectors_run_in_a_circle_is_refused() {
    let mut circle = compound("Workbook");
    circle[516..520].copy_from_slice(&[1, 0, 0, 0]);
    assert_eq!(refusal(circle), Unreadable::Damaged);
}

#[test]
fn a_workbook_with_a_password_says_so() {
    let refused = refusal(compound("EncryptedPackage"));
    assert_eq!(refused, Unreadable::PasswordProtected);
    assert!(refused.sentence().contains("bỏ mật khẩu"));
    assert_eq!(refusal(compound("Book")), Unreadable::TooOld);
    assert_eq!(refusal(compound("WordDocument")), Unreadable::NotATable);
}

#[test]
fn an_html_page_saved_as_xls_is_read() {
    let page = "\u{feff}<html><head><meta charset=utf-8><style>td {x: '<tr>'}</style></head><body><table border=1>
        <tr><td colspan=6><b>CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM</b><br>Độc lập - Tự do - Hạnh phúc</td></tr>
        <tr><th rowspan=2>STT</th><th rowspan=2>M&atilde;&nbsp;hồ sơ</th><th rowspan=2>Chủ hồ sơ</th><th colspan=2>Thời gian</th><th rowspan=2>Trạng thái</th></tr>
        <tr><th>Ngày tiếp nhận<th>Ngày hẹn trả</tr>
        <tr><td>(1)<td>(2)<td>(3)<td>(4)<td>(5)<td>(6)</tr>
        <tr><td colspan=6>Ủy ban nhân dân xã Thử Nghiệm</td></tr>
        <tr><td rowspan=2>1</td><td rowspan=2><span><b>HS-1</b></span></td><td rowspan=2>Trần Thị Bịa</td><td>01/06/2025</td><td>20/06/2025 17:00</td><td>Bước &#49;</td></tr>
        <tr><td>02/06/2025</td><td>19/06/2025 17:00</td><td>Bước 2</td></tr>
        <tr><td>2</td><td>HS-2</td><td></td><td></td><td>17-06-2025</td><td>Mới</td></tr>
        <tr><td colspan=3>Người lập biểu<br>(Ký, ghi rõ họ tên)</td><td colspan=3>Thủ trưởng</td></tr>
        <tr><td colspan=3>Lê Văn Đặt</td><td colspan=3>Phạm Thị Tên</td></tr></table></body></html>";
    let export = read(page);
    assert_eq!(export.remarks, [""; 0]);
    assert_eq!(numbers(&export), [7, 8]);
    assert_eq!(column(&export, Field::Code), ["HS-1", "HS-2"]);
    assert_eq!(column(&export, Field::DueAt), ["19/06/2025 17:00:00", "17/06/2025"]);
    assert_eq!(column(&export, Field::ReceivedAt), ["02/06/2025", ""]);
    assert_eq!(column(&export, Field::Status), ["Bước 2", "Mới"]);
    assert_eq!(export.rows[0].group.as_deref(), Some("Ủy ban nhân dân xã Thử Nghiệm"));
    assert_eq!(read(utf_16(page.trim_start_matches('\u{feff}'), [0xff, 0xfe])), export);
}

#[test]
fn text_is_read_in_every_encoding_and_with_every_separator() {
    let text =
        format!("{HEADER}1;HS-1;\"Bịa;\nTrần\";;17/06/2025 17:00;Mới\n2;000123;;;18/06/2025;\"Đã \"\"nhận\"\"\"");
    let expected = read(&text);
    assert_eq!(column(&expected, Field::Code), ["HS-1", "000123"]);
    assert_eq!(column(&expected, Field::Status), ["Mới", "Đã \"nhận\""]);
    assert_eq!(value(&expected.rows[0], Field::Applicant), "Bịa; Trần");
    assert_eq!(numbers(&expected), [2, 3]);

    let quoted = text.replace(';', "\t").replace("Bịa\t", "Bịa;");
    assert_eq!(read(format!("\u{feff}{text}")), expected);
    assert_eq!(read(utf_16(&text, [0xff, 0xfe])), expected);
    assert_eq!(read(utf_16(&quoted, [0xfe, 0xff])), expected);
    assert_eq!(read(&quoted), expected);
    assert_eq!(read(text.replace(';', ",").replace("Bịa,", "Bịa;")), expected);
    assert_eq!(read(text.nfd().collect::<String>()), expected);
}

#[test]
fn the_smallest_list_a_spreadsheet_saves_as_text_is_read() {
    let export = read(include_bytes!("fixtures/export.csv"));
    assert_eq!(column(&export, Field::Code), ["000.00.18.H02-250601-0001", "00123"]);
    assert_eq!(column(&export, Field::DueAt), ["17/06/2025 17:00:00", "18/06/2025 17:00:00"]);
    assert_eq!(numbers(&export), [3, 4]);
    assert_eq!(export.rows[1].group.as_deref(), Some("Phòng Tư pháp"));
    let starts: Vec<_> = export.remarks.iter().map(|remark| &remark[..8]).collect();
    assert_eq!(starts, ["dòng 4:", "dòng 5:"]);
}

#[test]
fn headers_are_known_without_marks_with_unseen_characters_and_by_other_names() {
    for header in [
        "MA HO SO;NGAY HEN TRA",
        "Số biên nhận;Hẹn trả",
        "\u{feff}mã  hồ\u{a0}sơ:;\u{200b}Ngày hẹn trả (*)",
        "Ma\u{303} hồ sơ;Nga\u{300}y hẹn trả",
        "MÃ HS;Ngày hẹn trả kết quả",
    ] {
        let export = read(format!("{header}\nHS\u{a0}-\u{200b}1;17/06/2025\n"));
        assert_eq!(column(&export, Field::Code), ["HS -1"], "{header}");
        assert_eq!(column(&export, Field::DueAt), ["17/06/2025"], "{header}");
    }
}

#[test]
fn an_office_s_own_header_is_known_once_it_is_named() {
    let text = "Ký hiệu;Hạn chót\nHS-1;17/06/2025\n";
    let mut words = HeaderWords::default();
    words.add(Field::Code, "Ký hiệu");
    words.add(Field::DueAt, "HẠN CHÓT");
    let export = read_export(text.as_bytes(), &words).expect("a readable file");
    assert_eq!(column(&export, Field::DueAt), ["17/06/2025"]);
    assert_eq!(refusal(text), Unreadable::NoHeader { found: vec![] });
}

#[test]
fn a_list_without_due_dates_says_which_columns_were_found() {
    let refused = refusal("STT;Mã hồ sơ;Chủ hồ sơ\n1;HS-1;Trần Thị Bịa\n");
    assert_eq!(refused, Unreadable::NoHeader { found: vec![Field::Code, Field::Applicant] });
    let sentence = refused.sentence();
    assert!(sentence.contains("chỉ thấy «Mã hồ sơ», «Chủ hồ sơ»"), "{sentence}");
    assert!(sentence.contains("thiếu «Ngày hẹn trả»") && !sentence.contains(NAME), "{sentence}");
}

#[test]
fn a_header_is_looked_for_in_the_first_twenty_rows_only() {
    let below = |titles: usize| format!("{}{HEADER}1;HS-1;;;17/06/2025;\n", "Tiêu đề\n".repeat(titles));
    assert_eq!(read(below(19)).rows.len(), 1);
    assert!(matches!(refusal(below(20)), Unreadable::NoHeader { .. }));
}

#[test]
fn a_header_in_two_rows_is_read_with_what_both_name() {
    let text = "STT;Mã hồ sơ;Ngày hẹn trả;Xử lý;\n;;;Cán bộ;Phòng\n1;HS-1;17/06/2025;Lê Văn Đặt;Tư pháp\n";
    let export = read(text);
    assert_eq!(export.remarks, [""; 0]);
    assert_eq!(column(&export, Field::Handler), ["Lê Văn Đặt"]);
    assert_eq!(column(&export, Field::Unit), ["Tư pháp"]);
}

#[test]
fn the_header_of_a_later_page_is_passed_over() {
    let page = |code: &str| format!("{HEADER}(1);(2);(3);(4);(5);(6)\n1;{code};;;17/06/2025;Mới\n");
    let export = read(format!("{}Người lập biểu\n{}", page("HS-1"), page("HS-2")));
    assert_eq!(column(&export, Field::Code), ["HS-1", "HS-2"]);
    assert_eq!(export.remarks, [""; 0]);
}

#[test]
fn a_date_that_does_not_exist_is_left_out_and_named_and_its_row_stays() {
    let export = read(format!("{HEADER}1;HS-1;{NAME};31/02/2025;17/06/2025;Mới\n2;HS-2;;;{NAME};Mới\n"));
    assert_eq!(column(&export, Field::Code), ["HS-1", "HS-2"]);
    assert_eq!(column(&export, Field::ReceivedAt), ["", ""]);
    assert_eq!(
        export.remarks,
        [
            "dòng 2: ngày tiếp nhận «31/02/2025» không có thật hoặc không đọc được, coi như để trống",
            "dòng 3: ô ngày hẹn trả không chứa ngày, coi như để trống",
        ]
    );
}

#[test]
fn a_code_that_lost_digits_or_is_missing_costs_its_row_only() {
    let export = read(format!(
        "{HEADER}1;2,6E+11;{NAME};;17/06/2025;\n2;;{NAME};;17/06/2025;\n3;1.8680110E7;;;17/06/2025;\n4;00123;;;17/06/2025;\n"
    ));
    assert_eq!(column(&export, Field::Code), ["18680110", "00123"]);
    assert_eq!(export.remarks.len(), 2);
    assert!(export.remarks[0].starts_with("dòng 2: mã hồ sơ «2,6E+11»"), "{:?}", export.remarks);
    assert_eq!(export.remarks[1], "dòng 3: thiếu mã hồ sơ nên không dùng được");
    assert!(export.remarks.iter().all(|remark| !remark.contains("Bịa")));
}

#[test]
fn words_of_footers_within_a_dossier_lose_nothing() {
    let export = read(format!(
        "{HEADER}1;HS-1;Tổng công ty Bịa;;;Thủ trưởng ký\n;Công an xã;;;;\n2;HS-2;Cộng đồng Bịa;;;Mới\n;Tổng cục Bịa;;;;\n3;HS-3;;;;\n"
    ));
    assert_eq!(column(&export, Field::Code), ["HS-1", "HS-2", "HS-3"]);
    let groups: Vec<_> = export.rows.iter().map(|row| row.group.as_deref()).collect();
    assert_eq!(groups, [None, Some("Công an xã"), Some("Tổng cục Bịa")]);
    assert_eq!(export.remarks, [""; 0]);
}

#[test]
fn a_row_with_an_applicant_only_is_no_unit() {
    let export =
        read(format!("{HEADER}1;;{NAME};;;\n2;HS-2;;;17/06/2025;\nTrang 1/2;;;;;\nCộng: 2;2;;;2;\n;{NAME};x y;;;\n"));
    assert_eq!(
        export.remarks,
        [
            "dòng 2: thiếu mã hồ sơ nên không dùng được",
            "dòng 6: ô mã hồ sơ không giống một mã hồ sơ nên không dùng được",
        ]
    );
    assert_eq!(column(&export, Field::Code), ["HS-2"]);
    assert_eq!(export.rows[0].group, None);
}

#[test]
fn a_code_in_two_steps_is_one_row_with_the_earlier_due_date() {
    let export = read(format!(
        "{HEADER}1;HS-1;;;;Chưa hẹn\n2;HS-1;;;18/06/2025;B\n3;HS-2;;;17/06/2025;C\n4;HS-1;;;17/06/2025 08:00;A\n5;HS-1;;;17/06/2025;D\n"
    ));
    assert_eq!(column(&export, Field::Code), ["HS-1", "HS-2"]);
    assert_eq!(column(&export, Field::Status), ["A", "C"]);
    assert_eq!(numbers(&export), [5, 4]);
    assert_eq!(export.remarks, [""; 0]);
}

#[test]
fn hundreds_of_bad_rows_are_counted_and_not_all_told() {
    let export = read(format!("{HEADER}{}", "1;;A B;;17/06/2025;\n".repeat(1000)));
    assert_eq!(export.remarks.len(), 201);
    assert_eq!(export.remarks[200], "và 800 lỗi khác ở các dòng sau");
}

#[test]
fn a_list_without_dossiers_is_a_list() {
    assert_eq!(read(HEADER), Export { rows: vec![], remarks: vec![] });
}

#[test]
fn a_workbook_counting_from_1904_is_believed() {
    let plain = workbook(|sheet| {
        write_row(sheet, 0, &["Mã hồ sơ", "Ngày hẹn trả"]);
        write_row(sheet, 1, &["HS-1"]);
        sheet.write(1, 1, 45_825.0 - 1_462.0).expect("a cell");
    });
    let of_1904 = edited(&plain, |_, text| text.replace("<workbookPr ", "<workbookPr date1904=\"1\" "));
    assert_eq!(column(&read(of_1904), Field::DueAt), ["17/06/2025"]);
    assert_eq!(column(&read(plain), Field::DueAt), ["16/06/2021"]);
}

#[test]
fn the_sheet_with_the_header_is_read_wherever_it_stands() {
    let mut workbook = Workbook::new();
    write_row(workbook.add_worksheet(), 0, &["Bìa"]);
    let hidden = workbook.add_worksheet();
    write_row(hidden, 0, &["Mã hồ sơ", "Ngày hẹn trả"]);
    hidden.set_hidden(true);
    let shown = workbook.add_worksheet();
    write_row(shown, 0, &["Mã hồ sơ", "Ngày hẹn trả"]);
    write_row(shown, 1, &["HS-1", "17/06/2025"]);
    let export = read(workbook.save_to_buffer().expect("a workbook"));
    assert_eq!(column(&export, Field::Code), ["HS-1"]);
}

#[test]
fn cells_in_far_corners_cost_nothing() {
    let bytes = workbook(|sheet| {
        write_row(sheet, 0, &["Mã hồ sơ", "Ngày hẹn trả"]);
        write_row(sheet, 1, &["HS-1", "17/06/2025"]);
        sheet.write(1_048_575, 16_383, "x").expect("a cell");
    });
    assert_eq!(read(bytes).rows.len(), 1);
}

#[test]
fn files_with_nothing_or_something_else_in_them_are_named() {
    assert_eq!(refusal(""), Unreadable::Empty);
    assert_eq!(refusal("\u{feff} \r\n"), Unreadable::Empty);
    assert_eq!(refusal("<html><body>Đăng nhập</body></html>"), Unreadable::NotATable);
    assert_eq!(refusal(workbook(|_| {})), Unreadable::Empty);
    assert_eq!(refusal("%PDF-1.7"), Unreadable::NotATable);
    assert_eq!(refusal("\u{7f}ELF\0\0"), Unreadable::NotATable);
    assert_eq!(refusal("PK\u{3}\u{4}"), Unreadable::Damaged);
    assert_eq!(refusal([0xd0, 0xcf, 0x11, 0xe0]), Unreadable::Damaged);
}

#[test]
fn a_workbook_cut_anywhere_is_refused_and_breaks_nothing() {
    let whole = workbook(|sheet| write_row(sheet, 0, &["Mã hồ sơ", "Ngày hẹn trả"]));
    for end in (2..whole.len()).step_by(97) {
        assert_eq!(refusal(&whole[..end]), Unreadable::Damaged);
    }
}

#[test]
fn files_and_tables_beyond_the_limits_are_refused() {
    assert_eq!(refusal(vec![b'x'; MAX_BYTES + 1]), Unreadable::TooLarge);
    assert_eq!(refusal(format!("{HEADER}{}", "1;HS;;;;\n".repeat(200_001))), Unreadable::TooManyRows);
}

#[test]
fn a_small_workbook_that_expands_to_hundreds_of_megabytes_is_refused() {
    let plain = workbook(|sheet| write_row(sheet, 0, &["Mã hồ sơ", "Ngày hẹn trả"]));
    let padding = " ".repeat(200 << 20);
    let mut bomb = edited(&plain, |name, text| {
        if name.ends_with("sheet1.xml") { text.replace("<sheetData>", &format!("<sheetData>{padding}")) } else { text }
    });
    assert!(bomb.len() < 1 << 20);
    assert_eq!(refusal(&bomb), Unreadable::Inflates);

    // A directory that lies about the size is not believed.
    let size = u32::try_from(200 << 20).expect("fits");
    for at in 0..bomb.len() - 4 {
        let said = u32::from_le_bytes(bomb[at..at + 4].try_into().expect("four"));
        if (size..size + 10_000).contains(&said) {
            bomb[at..at + 4].copy_from_slice(&[0, 1, 0, 0]);
        }
    }
    assert!(matches!(refusal(&bomb), Unreadable::Inflates | Unreadable::Damaged));
}

#[test]
fn a_workbook_that_announces_more_texts_than_fit_is_refused() {
    let plain = workbook(|sheet| write_row(sheet, 0, &["Mã hồ sơ", "Ngày hẹn trả"]));
    let bomb = edited(&plain, |_, text| text.replace("uniqueCount=\"2\"", "uniqueCount=\"9999999999999\""));
    assert_eq!(refusal(bomb), Unreadable::Inflates);
}

#[test]
fn one_long_text_shared_by_many_cells_is_counted_for_each() {
    let long = "x".repeat(32_767);
    let bytes = workbook(|sheet| {
        for row in 0..3_000 {
            sheet.write(row, 0, &long).expect("a cell");
        }
    });
    assert!(bytes.len() < 1 << 20);
    assert_eq!(refusal(bytes), Unreadable::Inflates);
}

#[test]
fn every_refusal_tells_what_to_do() {
    let all = [
        Unreadable::Empty,
        Unreadable::TooLarge,
        Unreadable::TooManyRows,
        Unreadable::Inflates,
        Unreadable::PasswordProtected,
        Unreadable::TooOld,
        Unreadable::Damaged,
        Unreadable::NotATable,
        Unreadable::OpenQuote { row: 7 },
        Unreadable::NoHeader { found: vec![] },
    ];
    for refused in all {
        assert!(refused.sentence().contains("; hãy "), "{refused:?}");
    }
}

mod properties {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn pieces() -> impl Strategy<Value = String> {
        let known = select(vec![
            HEADER,
            "<table>",
            "<tr>",
            "<td rowspan=3>",
            "<td colspan=9>",
            "</table>",
            "Mã hồ sơ",
            "Ngày hẹn trả",
            ";",
            "\t",
            "\n",
            "\"",
            "31/02/2025",
            "17/06/2025 17:00",
            "HS-1",
            "2,6E+11",
            "Tổng cộng",
            "(1)",
            "Người lập",
        ]);
        vec(prop_oneof![3 => known.prop_map(str::to_owned), 1 => ".{0,8}"], 0..60).prop_map(|all| all.concat())
    }

    fn assert_sound(bytes: &[u8]) -> Result<(), TestCaseError> {
        match read_export(bytes, &HeaderWords::default()) {
            Ok(export) => {
                for row in &export.rows {
                    prop_assert!(row.number > 0 && !value(row, Field::Code).is_empty());
                    prop_assert!(row.values.values().all(|value| !value.is_empty()));
                }
            }
            Err(refused) => prop_assert!(!refused.sentence().is_empty()),
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in vec(any::<u8>(), 0..2000), start in select(vec![&b""[..], b"PK", b"PK\x03\x04", b"<", b"\xff\xfe", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])) {
            assert_sound(&[start, &bytes].concat())?;
        }

        #[test]
        fn no_text_made_of_what_it_looks_for_breaks_the_reader(text in pieces()) {
            assert_sound(text.as_bytes())?;
        }

        #[test]
        fn no_change_to_an_old_workbook_breaks_the_reader(changes in vec((0_usize..5632, any::<u8>()), 1..20)) {
            let mut bytes = include_bytes!("fixtures/export.xls").to_vec();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            assert_sound(&bytes)?;
        }
    }
}

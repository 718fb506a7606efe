//! Owns Zalo's error codes as data: what each asks us to do.
//!
//! Branching is on the number only: texts differ between the documents and the live service.

use Action::{Fall, Message, Quota, Refresh, Retry, Stop, TooOften, Window};

/// What a code asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A new access token, then once more.
    Refresh,
    /// Later, a bounded number of times.
    Retry,
    /// More calls in a minute than allowed.
    TooOften,
    /// Not at this hour: when the window opens.
    Window,
    /// The day's quota is used up: tomorrow again, by another way today.
    Quota,
    /// Not to this recipient on this channel.
    Fall,
    /// The message, the template or the configuration is wrong: another way for this message.
    Message,
    /// The whole channel, until a person acts.
    Stop,
}

/// Templates to phone numbers (ZNS, ZBS): code, action, and what it means for the administrator.
const TEMPLATE: &[(i64, Action, &str)] = &[
    (-100, Retry, "lỗi chưa xác định của Zalo"),
    (-101, Stop, "ứng dụng không hợp lệ"),
    (-102, Stop, "ứng dụng không tồn tại"),
    (-103, Stop, "ứng dụng chưa được kích hoạt"),
    (-104, Stop, "mã bí mật của ứng dụng không đúng"),
    (-105, Stop, "ứng dụng chưa liên kết với OA"),
    (-106, Message, "phương thức không được hỗ trợ"),
    (-107, Message, "mã tin không hợp lệ"),
    (-108, Fall, "số điện thoại không hợp lệ"),
    (-109, Message, "mẫu tin không tồn tại"),
    (-1091, Message, "mẫu tin không sửa được"),
    (-110, Fall, "ứng dụng Zalo của người nhận quá cũ, hoặc số không dùng Zalo"),
    (-111, Message, "dữ liệu mẫu tin trống"),
    (-112, Message, "kiểu dữ liệu của mẫu tin chưa định nghĩa"),
    (-1121, Message, "tham số mẫu tin quá dài"),
    (-1122, Message, "mẫu tin thiếu tham số"),
    (-1123, Message, "không tạo được mã QR"),
    (-1124, Message, "tham số mẫu tin sai định dạng"),
    (-113, Message, "nút bấm không hợp lệ"),
    (-1131, Message, "đường dẫn của nút bấm không hợp lệ"),
    (-114, Fall, "người nhận không hoạt động hoặc từ chối nhận"),
    (-115, Stop, "tài khoản ZBS hết tiền: nạp thêm"),
    (-116, Message, "nội dung không hợp lệ"),
    (-117, Stop, "OA hoặc ứng dụng không được dùng mẫu tin này"),
    (-118, Fall, "tài khoản Zalo không tồn tại hoặc bị khóa"),
    (-119, Fall, "tài khoản không nhận được tin"),
    (-120, Stop, "OA chưa có tính năng này"),
    (-1201, Stop, "OA chưa có quyền gửi loại tin này"),
    (-1202, Stop, "OA chưa có quyền gửi hình ảnh"),
    (-121, Message, "nội dung yêu cầu trống"),
    (-122, Message, "nội dung yêu cầu không đúng dạng"),
    (-123, Message, "không giải mã được"),
    (-124, Refresh, "mã truy cập không hợp lệ hoặc hết hạn"),
    (-1241, Stop, "appsecret_proof không hợp lệ: xem lại app_secret_file và proves_secret"),
    (-125, Stop, "mã OA không hợp lệ"),
    (-126, Message, "tài khoản thử nghiệm hết hạn mức"),
    (-127, Message, "chế độ thử nghiệm chỉ gửi được cho quản trị của OA"),
    (-128, Message, "thiếu khóa mã hóa"),
    (-129, Message, "không tạo được khóa"),
    (-130, Message, "nội dung quá dài"),
    (-131, Stop, "mẫu tin chưa được duyệt"),
    (-132, Message, "tham số không hợp lệ"),
    (-133, Window, "mẫu tin không được gửi từ 22 giờ đến 6 giờ"),
    (-134, Fall, "người nhận chưa đồng ý"),
    (-135, Stop, "OA chưa được phép gửi (chưa xác thực hoặc chưa có gói)"),
    (-1351, Stop, "OA bị khóa gửi tin do vi phạm"),
    (-136, Stop, "chưa liên kết tài khoản ZBS"),
    (-137, Stop, "không trừ được tiền tài khoản ZBS"),
    (-138, Stop, "ứng dụng chưa có quyền gửi"),
    (-1381, Stop, "tiện ích chưa có quyền gửi"),
    (-139, Fall, "người nhận từ chối loại tin này"),
    (-140, Fall, "người nhận không thuộc diện nhận loại tin này"),
    (-141, Fall, "người nhận từ chối OA này"),
    (-142, Message, "thiếu khóa RSA"),
    (-143, Message, "khóa RSA đã có"),
    (-144, Quota, "OA đã hết hạn mức gửi trong ngày"),
    (-1441, Quota, "OA đã hết hạn mức trong tháng"),
    (-1471, Fall, "người nhận đã nhận đủ tin trong tháng"),
    (-1472, Fall, "người nhận đã nhận đủ tin trong ngày"),
    (-145, Stop, "OA không được gửi loại nội dung này"),
    (-146, Stop, "mẫu tin bị ngừng do chất lượng thấp"),
    (-147, Quota, "mẫu tin đã hết hạn mức trong ngày"),
    (-148, Message, "thiếu mã hành trình"),
    (-149, Message, "mã hành trình không hợp lệ"),
    (-1491, Message, "mã hành trình không khớp"),
    (-150, Message, "mã hành trình hết hạn"),
    (-151, Message, "không phải mẫu tin mã hóa"),
    (-152, Retry, "không lấy được khóa mã hóa"),
    (-153, Message, "dữ liệu vi phạm quy định"),
    (-158, Message, "tệp quá lớn"),
    (-159, Message, "loại tệp không hợp lệ"),
    (-160, Message, "đã hết lượt tạo, sửa mẫu tin trong ngày"),
    (-161, Message, "sending_mode không hợp lệ"),
    (-162, Message, "sending_mode không dùng được cho mẫu tin này"),
];

/// Calls of the Official Account (consultation, groups).
const ACCOUNT: &[(i64, Action, &str)] = &[
    (-32, TooOften, "gọi quá nhiều lần trong một phút"),
    (-100, Message, "tệp đính kèm hết hạn"),
    (-200, Retry, "gửi không thành công"),
    (-201, Message, "tham số không hợp lệ"),
    (-204, Stop, "OA bị khóa hoặc đã xóa"),
    (-205, Stop, "OA không tồn tại"),
    (-209, Stop, "ứng dụng chưa được kích hoạt"),
    (-210, Message, "nội dung vượt giới hạn"),
    (-211, Quota, "OA đã hết hạn mức"),
    (-212, Stop, "ứng dụng hoặc OA chưa đăng ký dùng API"),
    (-213, Fall, "người nhận chưa quan tâm OA"),
    (-216, Refresh, "mã truy cập không hợp lệ"),
    (-217, Fall, "người nhận chặn lời mời của OA"),
    (-218, Fall, "người nhận đã nhận đủ tin"),
    (-219, Stop, "ứng dụng đã bị gỡ hoặc khóa"),
    (-220, Refresh, "mã truy cập hết hạn"),
    (-221, Stop, "OA chưa được xác thực"),
    (-223, Stop, "OA chưa cấp quyền cho ứng dụng"),
    (-224, Stop, "gói dịch vụ của OA không đủ"),
    (-227, Fall, "người nhận bị khóa hoặc không hoạt động quá 45 ngày"),
    (-230, Fall, "người nhận không tương tác với OA trong 7 ngày"),
    (-232, Fall, "người nhận chưa tương tác hoặc đã quá hạn tương tác"),
    (-233, Message, "loại tin không hợp lệ"),
    (-234, Window, "loại tin này không được gửi ban đêm"),
    (-235, Stop, "API không dùng được cho loại OA này"),
    (-237, Fall, "nhóm hết hạn hoặc bị ngừng"),
    (-403, Fall, "OA không thuộc nhóm"),
    (-238, Message, "tài nguyên đã được dùng"),
    (-240, Message, "API cũ đã ngừng"),
    (-241, Message, "tài nguyên bị ngừng"),
    (-242, Stop, "appsecret_proof không hợp lệ: xem lại app_secret_file và proves_secret"),
    (-244, Fall, "người nhận hạn chế loại tin này"),
    (-248, Message, "nội dung vi phạm quy định của Zalo"),
    (-249, Message, "mẫu tin không gửi được theo mã người dùng"),
    (-320, Stop, "ứng dụng chưa liên kết tài khoản Zalo Cloud"),
    (-321, Stop, "tài khoản Zalo Cloud hết tiền: nạp thêm"),
];

/// Which table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// The Official Account's own calls.
    Account,
    /// Templates to phone numbers.
    Template,
}

/// What a code asks for and means; an unknown one is tried again and then given up for this recipient.
#[must_use]
pub fn lookup(api: Api, code: i64) -> (Action, &'static str) {
    let table = match api {
        Api::Account => ACCOUNT,
        Api::Template => TEMPLATE,
    };
    table
        .iter()
        .find(|(known, ..)| *known == code)
        .map_or((Retry, "mã lỗi chưa biết"), |(_, action, text)| (*action, *text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_stands_once_in_its_table() {
        for table in [TEMPLATE, ACCOUNT] {
            let mut codes: Vec<_> = table.iter().map(|(code, ..)| code).collect();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), table.len());
        }
    }

    #[test]
    fn the_codes_that_matter_most_have_the_action_they_need() {
        for (api, code, action) in [
            (Api::Template, -124, Refresh),
            (Api::Template, -115, Stop),
            (Api::Template, -133, Window),
            (Api::Template, -144, Quota),
            (Api::Template, -118, Fall),
            (Api::Template, -1121, Message),
            (Api::Account, -216, Refresh),
            (Api::Account, -220, Refresh),
            (Api::Account, -230, Fall),
            (Api::Account, -232, Fall),
            (Api::Account, -32, TooOften),
            (Api::Account, -9999, Retry),
        ] {
            assert_eq!(lookup(api, code).0, action, "{code}");
        }
    }
}

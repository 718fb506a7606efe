//! Owns what hangs on an event: periods counted from it, and duties that have no date of their own.

use std::ops::Range;

use super::{
    Distance, DistanceUnit, Limit, PhraseError, Relative, Trigger,
    clauses::{Part, offset},
    cursor::{Cursor, TimeOfDay, takes},
    points::{Point, What},
    words::{Kind, Word},
};

/// The words before a number of days.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Lead {
    kind: LeadKind,
    side: Option<Side>,
}

/// Of several the last one counts, but the earliest outweighs them all.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum LeadKind {
    #[default]
    None,
    /// "Khoảng".
    About,
    /// "Không quá", "tối đa".
    Most,
    /// "Chậm nhất".
    Latest,
    /// "Ít nhất": the latest moment before an event, the earliest after it.
    Least,
    /// "Trong thời gian ít nhất": how long something lasts.
    AtLeastFor,
    /// "Trong thời hạn", "trong vòng".
    Within,
    /// "Sớm nhất".
    Earliest,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// A number with its unit.
#[derive(Clone, Copy)]
struct Count {
    number: u32,
    unit: DistanceUnit,
}

/// The bytes that name an event, and its date where the phrase gives one.
type Event = (Range<usize>, Option<Point>);

fn due_at(due: (Limit, Distance), event: Range<usize>) -> Part {
    let relative = Relative { from: None, due: Some(due), event, anchor: None };
    Part::Relative { relative, anchor: None, is_direction_open: false }
}

impl Cursor<'_> {
    /// "Trong thời hạn 05 ngày làm việc kể từ ngày X", "chậm nhất 7 ngày trước khi X", "khoảng 6 tháng".
    pub fn take_relative(&mut self) -> Result<Option<Part>, PhraseError> {
        let start = self.at;
        let lead = self.take_lead();
        if let Some(part) = self.take_next_day(lead)? {
            return Ok(Some(part));
        }
        let part = self.take_count().and_then(|count| {
            if matches!(self.word(1), Some(Word::Kể | Word::Tính | Word::Sau | Word::Trước)) {
                let _ = self.take_sign(&[',']);
            }
            self.relative_of(lead, count)
        });
        if part.is_none() {
            self.at = start;
        }
        Ok(part)
    }

    fn relative_of(&mut self, lead: Lead, count: Count) -> Option<Part> {
        let signed = i32::try_from(count.number).ok()?;
        let (sign, (event, anchor)) = if let Some(event) = self.take_event_after() {
            // "Trước 30 ngày kể từ ngày hết nhiệm kỳ" is before it all the same.
            (if lead.side == Some(Side::Before) { -1 } else { 1 }, event)
        } else if let Some(event) = self.take_event_before(lead) {
            (-1, event)
        } else if lead.side.is_some() && count.unit == DistanceUnit::Hour {
            // "Trước 15 giờ" is a time of day.
            return None;
        } else if lead.side == Some(Side::Before) {
            (-1, (self.span(self.at, self.at), None))
        } else {
            return self.count_without_event(lead, count);
        };
        let there = offset(signed * sign, count.unit);
        let is_least = matches!(lead.kind, LeadKind::Least | LeadKind::AtLeastFor);
        let (from, due) = if lead.kind == LeadKind::Earliest || is_least && sign > 0 {
            (Some(there), None)
        } else if lead.kind == LeadKind::Within && sign < 0 {
            // "Trong thời hạn 90 ngày trước X": from then until X.
            (Some(there), Some((Limit::Before, offset(0, DistanceUnit::Day))))
        } else {
            (None, Some((Limit::NotAfter, there)))
        };
        Some(Part::Relative { relative: Relative { from, due, event, anchor: None }, anchor, is_direction_open: false })
    }

    /// A number of days with no event named: a period of processing, a duration, or, alone in its cell, a
    /// count of days whose direction nobody wrote down; back from the event is the cautious one.
    fn count_without_event(&mut self, lead: Lead, count: Count) -> Option<Part> {
        let ends_clause =
            matches!(self.kind(0), None | Some(Kind::Sign(_) | Kind::Other | Kind::Word(Word::Và | Word::Theo)));
        if !ends_clause || self.is_sign(0, '/') {
            return None;
        }
        let Count { number, unit } = count;
        let is_alone = matches!(self.tokens[0].kind, Kind::Number { .. }) && self.is_at_end();
        // "9 tháng" is a period that offices report on.
        if lead == Lead::default() && (number, unit) == (9, DistanceUnit::Month) {
            return None;
        }
        // "Không quá 10 ngày làm việc" is a time of processing, "không quá 1 ngày" the length of a meeting.
        let is_processing = lead.kind == LeadKind::Most && unit == DistanceUnit::WorkingDay;
        let is_within = matches!(lead.kind, LeadKind::Within | LeadKind::Latest);
        if is_within || is_processing || lead.side == Some(Side::After) {
            let due = (Limit::NotAfter, offset(i32::try_from(number).ok()?, unit));
            let event = self.span(self.at, self.at);
            return Some(due_at(due, event));
        }
        if matches!(lead.kind, LeadKind::Most | LeadKind::About | LeadKind::AtLeastFor)
            || matches!(unit, DistanceUnit::Month | DistanceUnit::Year | DistanceUnit::Week)
        {
            let limit = (lead.kind == LeadKind::Most).then_some(Limit::NotAfter);
            return Some(Part::Lasts { limit, count: number, unit });
        }
        let count = i32::try_from(number).ok()?;
        let is_working = matches!(unit, DistanceUnit::WorkingDay | DistanceUnit::WorkingHour | DistanceUnit::Hour);
        // Only "ít nhất" and a cell of nothing else count back; "15 ngày (Sở 10 ngày, …)" is a time of processing.
        let counts_on = lead.kind != LeadKind::Least && (is_working || !is_alone);
        let count = if counts_on { count } else { -count };
        let due = (Limit::NotAfter, offset(count, unit));
        let event = self.span(self.at, self.at);
        let relative = Relative { from: None, due: Some(due), event, anchor: None };
        Some(Part::Relative { relative, anchor: None, is_direction_open: true })
    }

    fn take_lead(&mut self) -> Lead {
        let mut lead = Lead::default();
        loop {
            let kind = if takes!(self, Không Sớm Hơn) {
                LeadKind::Earliest
            } else if takes!(self, Không Muộn Hơn | Không Chậm Hơn) {
                LeadKind::Latest
            } else if takes!(self, Trong Thời Hạn | Trong Thời Gian | Thời Hạn | Thời Gian | Trong Vòng | Trong)
            {
                LeadKind::Within
            } else if takes!(self, Không Quá | Tối Đa) {
                LeadKind::Most
            } else if takes!(self, Chậm Nhất | Muộn Nhất) {
                LeadKind::Latest
            } else if takes!(self, Ít Nhất | Tối Thiểu | Đến Thiểu) {
                if lead.kind == LeadKind::Within { LeadKind::AtLeastFor } else { LeadKind::Least }
            } else if takes!(self, Sớm Nhất) {
                LeadKind::Earliest
            } else if takes!(self, Khoảng) {
                LeadKind::About
            } else if takes!(self, Trước) {
                lead.side = Some(Side::Before);
                continue;
            } else if takes!(self, Sau) {
                lead.side = Some(Side::After);
                continue;
            } else if lead != Lead::default() && takes!(self, Là | Vào) {
                continue;
            } else {
                return lead;
            };
            if lead.kind != LeadKind::Earliest {
                lead.kind = kind;
            }
        }
    }

    /// "05 ngày làm việc", "60 (sáu mươi) ngày", "ngày thứ bốn mươi lăm"; no date, no time of day, no rhythm.
    fn take_count(&mut self) -> Option<Count> {
        self.attempt(|c| {
            // "Ngày cuối cùng của tháng thứ 3, kể từ ngày kết thúc năm".
            if takes!(c, Ngày Cuối Cùng Của Tháng Thứ | Ngày Cuối Của Tháng Thứ | Ngày Cuối Cùng Tháng Thứ)
            {
                let (number, _) = c.take_number()?;
                let counts_on = matches!(c.word(usize::from(c.is_sign(0, ','))), Some(Word::Kể | Word::Tính));
                return counts_on.then_some(Count { number, unit: DistanceUnit::Month });
            }
            if takes!(c, Ngày Thứ) {
                let (number, _) = c.take_number()?;
                let counts_on =
                    number > 31 || c.is_sign(0, ',') || matches!(c.word(0), Some(Word::Kể | Word::Tính | Word::Sau));
                return counts_on.then_some(Count { number, unit: DistanceUnit::Day });
            }
            let (mut number, _) = c.take_number()?;
            // "10-15 ngày làm việc": the longer one is the limit.
            if c.is_sign(0, '-') && matches!(c.word(2), Some(Word::Ngày | Word::Giờ | Word::Tuần | Word::Tháng)) {
                number = c.figure(1, 3).filter(|n| *n > number)?;
                c.at += 2;
            }
            let unit = if takes!(c, Ngày) {
                if takes!(c, Làm Việc) { DistanceUnit::WorkingDay } else { DistanceUnit::Day }
            } else if takes!(c, Giờ) {
                if takes!(c, Làm Việc) { DistanceUnit::WorkingHour } else { DistanceUnit::Hour }
            } else if takes!(c, Tuần) {
                DistanceUnit::Week
            } else if takes!(c, Tháng) {
                DistanceUnit::Month
            } else if takes!(c, Quý) {
                return Some(Count { number: number * 3, unit: DistanceUnit::Month });
            } else if takes!(c, Năm) {
                DistanceUnit::Year
            } else {
                return None;
            };
            let is_date_or_rhythm = c.spelt(0) == "rưỡi"
                || matches!(c.sign(0), Some('/' | ':'))
                || c.figure(0, 4).is_some()
                || matches!(c.word(0), Some(Word::Đầu | Word::Cuối | Word::Lần | Word::Một | Word::Mỗi))
                || unit == DistanceUnit::Month && c.is_word(0, Word::Năm)
                || unit == DistanceUnit::Hour
                    && c.is_sign(0, ',')
                    && (c.is_word(1, Word::Ngày) || c.figure(1, 2).is_some())
                || unit == DistanceUnit::Hour
                    && matches!(
                        c.word(0),
                        Some(Word::Ngày | Word::Thứ | Word::Hằng | Word::Sáng | Word::Chiều | Word::Trưa | Word::Tối)
                    );
            (!is_date_or_rhythm).then_some(Count { number, unit })
        })
    }

    /// "Kể từ ngày X", "sau khi X", "từ thời điểm X".
    fn take_event_after(&mut self) -> Option<Event> {
        let found = takes!(self, Kể Từ | Kế Từ | Tính Từ | Kể Sau | Từ | Sau);
        found.then(|| {
            self.skip(&[Word::Khi, Word::Ngày, Word::Thời, Word::Điểm, Word::Lúc, Word::Sau]);
            self.take_event()
        })
    }

    /// "Trước khi X", "so với ngày X"; behind "trước N ngày" the event follows at once.
    fn take_event_before(&mut self, lead: Lead) -> Option<Event> {
        let found = takes!(self, Trước | So Với)
            || lead.side == Some(Side::Before) && matches!(self.kind(0), Some(Kind::Other | Kind::Word(_)));
        found.then(|| {
            self.skip(&[Word::Khi, Word::Ngày, Word::Thời, Word::Điểm, Word::So, Word::Với, Word::Trước]);
            self.take_event()
        })
    }

    /// The words of an event, and the date where they are nothing else ("kể từ ngày 01/7/2026").
    fn take_event(&mut self) -> Event {
        let start = self.at;
        let words = self.take_words_of_clause();
        let end = std::mem::replace(&mut self.at, start);
        let mut points = Vec::new();
        let is_date = self.take_point(&mut points).unwrap_or(false) && self.at == end && points.len() == 1;
        self.at = end;
        let is_day = |p: &Point| matches!(p.what, What::Day { month: Some(_), .. });
        (words, points.pop().filter(|p| is_date && is_day(p)))
    }

    /// "Trước 08 giờ ngày hôm sau", "ngày làm việc tiếp theo", "trong ngày".
    fn take_next_day(&mut self, lead: Lead) -> Result<Option<Part>, PhraseError> {
        let start = self.at;
        let time = self.take_time()?.and_then(TimeOfDay::hour);
        let next = if takes!(self, Ngày Hôm Sau | Hôm Sau) {
            Some((1, DistanceUnit::Day))
        } else if takes!(self, Ngày Hôm Trước | Hôm Trước) {
            Some((-1, DistanceUnit::Day))
        } else if time.is_some() && (takes!(self, Cùng Ngày) || self.is_word(2, Word::Bắt) && takes!(self, Của Ngày))
        {
            // "Trước 23 giờ của ngày bắt đầu lưu trú".
            Some((0, DistanceUnit::Day))
        } else if takes!(self, Ngày Làm Việc Tiếp Theo | Ngày Làm Việc Kế Tiếp | Ngày Làm Việc Liền Kề | Ngày Làm Việc Sau
            | Ngày Làm Việc Liền Sau)
        {
            Some((1, DistanceUnit::WorkingDay))
        } else if lead.kind == LeadKind::Within
            && takes!(self, Ngày Làm Việc | Ngày)
            && matches!(self.kind(0), None | Some(Kind::Sign(_)))
        {
            Some((0, DistanceUnit::Day))
        } else {
            None
        };
        let Some((count, unit)) = next else {
            self.at = start;
            return Ok(None);
        };
        let limit = if lead.side == Some(Side::Before) { Limit::Before } else { Limit::NotAfter };
        let due = Distance { count, unit, time };
        let event = self.take_words_of_clause();
        Ok(Some(due_at((limit, due), event)))
    }

    /// "Trước khi X", "trước ngày bầu cử", "trước ngày bầu cử 70 ngày": the limit was taken already.
    pub fn take_before_event(&mut self) -> Option<Part> {
        self.attempt(|c| {
            let names_event =
                takes!(c, Khi | Ngày | Thời Điểm) || matches!(c.kind(0), Some(Kind::Other | Kind::Word(Word::Kỳ)));
            let (event, trailing) = c.take_event_with_count(names_event)?;
            let due = match trailing {
                Some(count) => (Limit::NotAfter, offset(-i32::try_from(count.number).ok()?, count.unit)),
                None => (Limit::Before, offset(0, DistanceUnit::Day)),
            };
            Some(due_at(due, event))
        })
    }

    /// The words of an event, which hold no number but perhaps a count of days at their end.
    fn take_event_with_count(&mut self, names_event: bool) -> Option<(Range<usize>, Option<Count>)> {
        let start = self.at;
        let event = self.take_words_of_clause();
        let end = self.at;
        let is_number = |at: &usize| matches!(self.tokens[*at].kind, Kind::Number { .. });
        let first_number = (start..end).find(is_number);
        if !names_event || event.is_empty() {
            return None;
        }
        let Some(number_at) = first_number else { return Some((event, None)) };
        self.at = number_at;
        let count = self.take_count()?;
        // "Trước ngày bầu cử ít nhất 70 ngày": the lead belongs to the count.
        let is_word = |at: usize, words: &[Word]| words.iter().any(|w| self.tokens[at].kind == Kind::Word(*w));
        let has_lead = number_at >= start + 2
            && is_word(number_at - 1, &[Word::Nhất, Word::Thiểu])
            && is_word(number_at - 2, &[Word::Ít, Word::Chậm, Word::Muộn, Word::Tối]);
        let event_end = if has_lead { number_at - 2 } else { number_at };
        (self.at == end && event_end > start).then(|| (self.span(start, event_end), Some(count)))
    }

    // ----- undated kinds

    pub fn take_undated(&mut self, has_earlier: bool) -> Option<Part> {
        if takes!(self, Thường Xuyên | Liền Tục | Hằng Ngày | Mỗi Ngày | Cả Năm | Trong Cả Năm | Suốt Năm | Trong Suốt Năm)
        {
            let _ = self.attempt(|c| {
                let _ = c.take_sign(&[',']);
                takes!(c, Liền Tục | Cả Năm).then_some(())
            });
            let _ = self.attempt(|c| {
                let _ = c.take_sign(&[',']);
                c.skip(&[Word::Trong, Word::Các, Word::Cả, Word::Suốt]);
                let has_word = takes!(c, Năm) && !c.is_word(0, Word::Học);
                let has_year = c.year(0).is_some() && (has_word || c.tokens[c.at - 1].kind == Kind::Word(Word::Năm));
                c.at += usize::from(has_year);
                (has_word || has_year).then_some(())
            });
            return Some(Part::Standing);
        }
        // Without marks "ngay" is spelt like "ngày".
        let begins_event = |c: &Self| {
            !has_earlier
                && c.is_word(0, Word::Sau)
                && matches!(c.kind(1), Some(Kind::Other | Kind::Word(Word::Kỳ)))
                && c.figure(2, 2).is_none()
        };
        let is_event = takes!(self, Ngay Sau Khi | Ngày Sau Khi | Ngay Khi | Sau Khi | Ngay Sau | Khi | Nếu Có)
            || begins_event(self) && takes!(self, Sau);
        if is_event {
            self.skip(&[Word::Có, Word::Được]);
            return Some(self.triggered(has_earlier));
        }
        if !has_earlier && self.begins_with_event() {
            let _ = takes!(self, Kể Từ Khi | Từ Khi | Kể Từ Ngày | Từ Ngày);
            return Some(Part::Triggered { by: Trigger::Event, event: self.take_words_of_clause() });
        }
        if takes!(self, Đột Xuất | Theo Yêu Cầu | Theo Đề Nghị | Theo Chỉ Đạo | Theo Phát Sinh | Theo Mỗi Lần Phát Sinh | Có Phát Sinh)
        {
            let begin = self.at.saturating_sub(2);
            let _ = self.take_words_of_clause();
            let by = if self.asks(begin) { Trigger::Request } else { Trigger::Event };
            return Some(Part::Triggered { by, event: self.span(self.at, self.at) });
        }
        if let Some(stages) = self.take_stages() {
            return Some(Part::Stages(stages));
        }
        if !has_earlier && takes!(self, Phát Sinh) {
            let event = self.take_words_of_clause();
            return Some(Part::Triggered { by: Trigger::Event, event });
        }
        self.take_external(has_earlier)
    }

    /// "Giữa kỳ, cuối kỳ": no dates, but moments of their own beside the rhythm that they follow.
    fn take_stages(&mut self) -> Option<Range<usize>> {
        self.attempt(|c| {
            let start = c.at;
            while takes!(c, Đầu Kỳ | Giữa Kỳ | Cuối Kỳ) {
                let end = c.at;
                // "Giữa kỳ: trước ngày 15/11" names the work of a date.
                let ends = matches!(
                    c.kind(0),
                    None | Some(Kind::Sign(',' | ';' | '.' | ')') | Kind::Word(Word::Và | Word::Hoặc))
                );
                if !ends {
                    return None;
                }
                let _ = c.take_sign(&[',', ';']) || takes!(c, Và);
                if !matches!(c.word(0), Some(Word::Đầu | Word::Giữa | Word::Cuối)) {
                    c.at = end;
                    break;
                }
            }
            (c.at > start).then(|| c.span(start, c.at))
        })
    }

    /// "Từ khi Nghị định có hiệu lực", "kể từ ngày Quyết định này có hiệu lực": an event, no date and no end.
    fn begins_with_event(&self) -> bool {
        let at = usize::from(self.is_word(0, Word::Kể));
        let is_from = self.is_word(at, Word::Từ) && matches!(self.word(at + 1), Some(Word::Khi | Word::Ngày));
        let is_event = matches!(self.kind(at + 2), Some(Kind::Other))
            || matches!(self.word(at + 2), Some(Word::Nghị | Word::Văn | Word::Luật | Word::Bản | Word::Có));
        let has_end = (self.at..self.tokens.len()).any(|i| self.tokens[i].kind == Kind::Word(Word::Đến));
        is_from && is_event && !has_end
    }

    /// What stands behind "khi": an event, which a count of days may end ("sau khi họp 3 ngày").
    fn triggered(&mut self, has_earlier: bool) -> Part {
        let begin = self.at;
        if !has_earlier
            && let Some((event, Some(count))) = self.attempt(|c| c.take_event_with_count(true))
            && let Ok(number) = i32::try_from(count.number)
        {
            return due_at((Limit::NotAfter, offset(number, count.unit)), event);
        }
        self.at = begin;
        let event = self.take_words_of_clause();
        let by = if self.asks(begin) { Trigger::Request } else { Trigger::Event };
        let is_plain = (begin..self.at).all(|i| {
            matches!(
                self.tokens[i].kind,
                Kind::Word(
                    Word::Phát
                        | Word::Sinh
                        | Word::Yêu
                        | Word::Cầu
                        | Word::Văn
                        | Word::Bản
                        | Word::Đề
                        | Word::Nghị
                        | Word::Có
                ) | Kind::Sign(_)
            )
        });
        Part::Triggered { by, event: if is_plain { begin_of(&event) } else { event } }
    }

    /// Whether "yêu cầu" or "đề nghị" stands between token `begin` and here.
    fn asks(&self, begin: usize) -> bool {
        let is_pair = |i: usize, first, second| {
            self.tokens[i].kind == Kind::Word(first) && self.tokens[i + 1].kind == Kind::Word(second)
        };
        (begin..self.at.saturating_sub(1)).any(|i| {
            is_pair(i, Word::Yêu, Word::Cầu) || is_pair(i, Word::Đề, Word::Nghị) || is_pair(i, Word::Chỉ, Word::Đạo)
        })
    }

    /// "Theo kế hoạch riêng của X", "có thông báo riêng", "theo Công văn số …": another document decides.
    fn take_external(&mut self, has_earlier: bool) -> Option<Part> {
        if has_earlier {
            return None;
        }
        self.attempt(|c| {
            if takes!(c, Theo) {
                let begin = c.at;
                let is_plan = takes!(c, Kế Hoạch | Thông Báo | Lịch | Thời Gian);
                c.skip(&[Word::Riêng, Word::Của, Word::Trong]);
                let is_document =
                    is_plan || c.at == begin && matches!(c.word(0), Some(Word::Văn | Word::Bản | Word::Nghị));
                let first = c.at;
                let span = c.take_words_of_clause();
                // "Theo tiến độ dự án": whatever it is, it is not this plan that says the date.
                let has_limit = (first..c.at).any(|i| {
                    matches!(
                        c.tokens[i].kind,
                        Kind::Word(Word::Trước | Word::Chậm | Word::Muộn | Word::Hết | Word::Hạn)
                    )
                });
                let names_rhythm = matches!(
                    c.tokens.get(begin).map(|t| t.kind),
                    Some(Kind::Word(Word::Định | Word::Tuần | Word::Tháng | Word::Quý | Word::Năm | Word::Hằng))
                );
                return (is_document || !has_limit && !span.is_empty() && !names_rhythm)
                    .then_some(Part::ExternalPlan(span));
            }
            let _ = takes!(c, Có | Được);
            let is_document = takes!(c, Kế Hoạch | Thông Báo | Văn Bản | Văn) && takes!(c, Riêng | Sau);
            let _ = takes!(c, Của);
            is_document.then(|| Part::ExternalPlan(c.take_words_of_clause()))
        })
    }
}

fn begin_of(span: &Range<usize>) -> Range<usize> {
    span.start..span.start
}

import Diagnosis
import Facts

/// What Howdah can and cannot see, for a person: what is dark first, each with what would change it.
public func doctorReport(of published: Published, style: ReportStyle = ReportStyle()) -> String {
    let lines = published.observer.doctor
    let dark = lines.count { !$0.isSeen }
    var page = ReportPage(style: style)
    let sentence =
        dark == 0 ? "Howdah sees everything it looks for" : "Howdah sees \(lines.count - dark) of \(lines.count) things"
    page.line([ReportPage.Piece("● ", dark == 0 ? .good : .warning), ReportPage.Piece(sentence, .strong)])
    for line in lines where !line.isSeen {
        page.blank()
        page.entry("✘", line.subject, ink: .strong, headingInk: .bad)
        page.entry("", line.finding)
        if !line.remedy.isEmpty { page.entry("  do", line.remedy) }
    }
    if dark < lines.count { page.blank() }
    for line in lines where line.isSeen {
        page.entry("✔", line.subject + (line.finding.isEmpty ? "" : ": \(line.finding)"), headingInk: .good)
    }
    return page.text
}

/// The changes so far for a person, newest first.
public func historyReport(of published: Published, limit: Int, style: ReportStyle = ReportStyle()) -> String {
    var page = ReportPage(style: style)
    if published.history.isEmpty { page.paragraph("Nothing has changed since Howdah began to watch.") }
    for change in published.history.suffix(max(0, limit)).reversed() {
        let subject = change.name.isEmpty ? change.what.rawValue : "\(change.what.rawValue) \(change.name)"
        page.line([
            ReportPage.Piece("\(change.at.rfc3339)  ", .faint),
            ReportPage.Piece("\(subject): \(change.from) → \(change.to)", .strong),
            ReportPage.Piece("  after \(formatDuration(seconds: max(0, change.lastedSeconds)))", .faint),
        ])
        if !change.message.isEmpty { page.entry("", change.message) }
    }
    return page.text
}

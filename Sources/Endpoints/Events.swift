import Diagnosis
import Exposition
import Facts

/// One server-sent event of type `verdict`: its id is the revision, its data the state document or the report.
func eventText(_ published: Published, _ form: EventForm, at now: Moment) -> String {
    let data =
        switch form {
        case .json: stateDocument(of: published, at: now).text(.compact)
        case .text(let color, let width):
            stateReport(of: published, at: now, style: ReportStyle(color: color, width: width))
        }
    let lines = data.split(separator: "\n", omittingEmptySubsequences: false).map { "data: \($0)\n" }
    return "event: verdict\nid: \(published.verdict.revision)\n\(lines.joined())\n"
}

internal import CLibpq

/// Keeps what the server says unasked on a connection: a crash (57P02) and a shutdown (57P01) come as a notice or an
/// error while nothing is asked, right before the connection closes.
///
/// libpq calls the receiver on the thread that reads from the connection, so it needs no lock.
final class LastWords {
    /// The newest report that announces the end of the session.
    private(set) var report: ServerReport?

    /// Takes a report if it announces the end of the session: FATAL, PANIC, class 57 or a session timeout.
    func take(_ report: ServerReport, severity: String) {
        let announcesEnd =
            severity == "FATAL" || severity == "PANIC" || report.sqlState.hasPrefix("57P")
            || report.sqlState == "25P03" || report.sqlState == "25P04"
        if announcesEnd { self.report = report }
    }

    /// Makes libpq bring the notices of `handle` here.
    ///
    /// The object must outlive the connection.
    func listen(to handle: OpaquePointer) {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe PQsetNoticeReceiver(
            handle,
            { context, result in
                guard let context = unsafe context, let result = unsafe result else { return }
                let lastWords = unsafe Unmanaged<LastWords>.fromOpaque(context).takeUnretainedValue()
                guard let report = unsafe ServerReport(result) else { return }
                lastWords.take(report, severity: unsafe errorField("V", of: result) ?? "")
            },
            context
        )
    }
}

extension ServerReport {
    /// The report in a libpq result; nil if it carries no SQLSTATE, as libpq's own errors do.
    init?(_ result: OpaquePointer) {
        guard let sqlState = unsafe errorField("C", of: result) else { return nil }
        self.init(
            sqlState: sqlState,
            message: unsafe errorField("M", of: result) ?? "",
            detail: unsafe errorField("D", of: result),
            routine: unsafe errorField("R", of: result)
        )
    }
}

/// A field of an error or notice (`PG_DIAG_*`): `V` severity in English, `C` SQLSTATE, `M` message, `D` detail, `R` routine.
func errorField(_ code: Unicode.Scalar, of result: OpaquePointer) -> String? {
    unsafe PQresultErrorField(result, Int32(code.value)).map { unsafe swiftString($0) }
}

internal import CLibpq

/// A libpq result with one owner; `PQclear` runs when the owner lets go.
@safe
final class ResultHandle {
    private let handle: OpaquePointer

    /// Takes over a result.
    init(_ handle: OpaquePointer) { unsafe self.handle = handle }

    deinit { unsafe PQclear(handle) }

    /// What kind of result it is.
    var status: ExecStatusType { unsafe PQresultStatus(handle) }
    /// The server's report, if it is an error of the server's.
    var report: ServerReport? { unsafe ServerReport(handle) }
    /// `ERROR`, `FATAL`, …, in English.
    var severity: String { unsafe errorField("V", of: handle) ?? "" }

    /// The error that it carries: the server's, or libpq's own.
    var error: PostgresError {
        guard let report else {
            let complaint = unsafe PQresultErrorMessage(handle).map { unsafe swiftString($0) } ?? ""
            return .notUnderstood(ConnectionText.firstLine(complaint))
        }
        return report.sqlState == "57014"
            ? .cancelled(report.words) : .server(sqlState: report.sqlState, message: report.words)
    }

    /// Copies the rows out; throws if there are more than `Rows.rowLimit`.
    func rows() throws(PostgresError) -> Rows {
        let (count, width) = unsafe (Int(PQntuples(handle)), Int(PQnfields(handle)))
        guard count <= Rows.rowLimit else {
            throw .notUnderstood("a result of \(count) rows, more than \(Rows.rowLimit)")
        }
        let columns = (0..<width).map { column in
            unsafe PQfname(handle, Int32(column)).map { unsafe swiftString($0) } ?? ""
        }
        var cells: [String?] = []
        cells.reserveCapacity(count * width)
        for row in 0..<count {
            for column in 0..<width { cells.append(cell(row, column)) }
        }
        return Rows(columns: columns, cells: cells)
    }

    /// A cell as text; bytes that are not UTF-8 (of a database in SQL_ASCII) become U+FFFD.
    private func cell(_ row: Int, _ column: Int) -> String? {
        guard unsafe PQgetisnull(handle, Int32(row), Int32(column)) == 0,
            let start = unsafe PQgetvalue(handle, Int32(row), Int32(column))
        else { return nil }
        let length = unsafe Int(PQgetlength(handle, Int32(row), Int32(column)))
        return unsafe UnsafeRawBufferPointer(start: start, count: length).withMemoryRebound(to: UInt8.self) { bytes in
            unsafe String(decoding: bytes, as: UTF8.self)
        }
    }
}

internal import CLibpq
internal import Glibc

/// libpq's connection options by keyword; values may be secrets, so nothing prints them.
struct ConnectionOptions: Sendable {
    /// The values that are set.
    var values: [String: String]

    /// The options that a conninfo string or URI names itself, without defaults.
    static func parse(_ conninfo: String) throws(LinkConfigurationError) -> ConnectionOptions {
        var complaint: UnsafeMutablePointer<CChar>?
        let options = unsafe PQconninfoParse(conninfo, &complaint)
        defer {
            unsafe PQconninfoFree(options)
            unsafe PQfreemem(complaint)
        }
        guard let options = unsafe options else {
            let text = unsafe complaint.map { unsafe swiftString($0) } ?? "out of memory"
            throw LinkConfigurationError(libpq: text, about: conninfo)
        }
        return ConnectionOptions(values: unsafe collect(options))
    }

    /// The options after libpq has added the environment, the service file, the password file and its defaults, and the
    /// host that it would use first.
    ///
    /// libpq merges them only while it connects. A value that it must refuse after merging and before connecting makes it
    /// stop there. Reads files (service file, passfile), never the network, unless the service file names an LDAP server.
    func effective() throws(LinkConfigurationError) -> (options: ConnectionOptions, firstHost: String) {
        var asked = values
        asked["target_session_attrs"] = Self.refusedValue
        guard let handle = unsafe asked.withParameterArrays({ unsafe PQconnectStartParams($0, $1, 0) }) else {
            throw LinkConfigurationError("out of memory")
        }
        defer { unsafe PQfinish(handle) }
        let complaint = unsafe PQerrorMessage(handle).map { unsafe swiftString($0) } ?? ""
        guard complaint.contains(Self.refusedValue), let merged = unsafe PQconninfo(handle) else {
            // libpq quotes names of services and values of options here, never a password.
            throw LinkConfigurationError(complaint.split(separator: "\n").first.map(String.init) ?? "not understood")
        }
        defer { unsafe PQconninfoFree(merged) }
        var options = ConnectionOptions(values: unsafe collect(merged))
        options.values["target_session_attrs"] = values["target_session_attrs"]
        return (options, unsafe PQhost(handle).map { unsafe swiftString($0) } ?? "")
    }

    /// Never a value of `target_session_attrs`, which libpq checks after all others: they are checked by the way.
    private static let refusedValue = "howdah-only-reads"
}

extension [String: String] {
    /// Calls `body` with the two NULL-terminated arrays that `PQconnectStartParams` wants; it copies what it needs.
    func withParameterArrays<Result>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let sorted = self.sorted { $0.key < $1.key }
        var keywords = unsafe sorted.map { unsafe UnsafePointer(strdup($0.key)) }
        var values = unsafe sorted.map { unsafe UnsafePointer(strdup($0.value)) }
        unsafe keywords.append(nil)
        unsafe values.append(nil)
        defer {
            let copies = unsafe keywords + values
            // By index: the formatter cannot yet print a loop over unsafe elements.
            for index in unsafe copies.indices { unsafe free(UnsafeMutablePointer(mutating: copies[index])) }
        }
        return unsafe body(keywords, values)
    }
}

/// The options of a NULL-keyword-terminated array that have a value.
private func collect(_ options: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
    var values: [String: String] = [:]
    var option = unsafe options
    while let keyword = unsafe option.pointee.keyword {
        if let value = unsafe option.pointee.val { values[unsafe swiftString(keyword)] = unsafe swiftString(value) }
        unsafe option += 1
    }
    return values
}

/// A C string as text; bytes that are not UTF-8 become U+FFFD.
func swiftString(_ pointer: UnsafePointer<CChar>) -> String { unsafe String(cString: pointer) }

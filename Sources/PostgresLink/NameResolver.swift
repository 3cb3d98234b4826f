internal import Deadlines
internal import Glibc
internal import Synchronization

/// Resolves host names within a deadline.
///
/// `getaddrinfo` blocks for as long as the resolver's configuration lets it, and libpq calls it inside
/// `PQconnectStartParams`. So a thread of its own does it, and libpq is given the address (`hostaddr`). A thread whose
/// answer nobody waits for any more runs on until the resolver gives up; the next question for the same name waits for
/// the same thread, so there is at most one per name, and at most `lookupLimit` in all.
final class NameResolver: Sendable {
    /// What came of a question.
    enum Answer: Sendable, Hashable {
        /// Numeric addresses, best first; at least one, at most `addressLimit`.
        case addresses([String])
        /// There is no answer, and why.
        case failed(String)
        /// None in time.
        case timedOut
        /// `wake` was raised first.
        case woken
    }

    /// How many names are asked for at once.
    static let lookupLimit = 8
    /// How many addresses of a name are tried.
    static let addressLimit = 8
    /// The one that all connections use.
    static let shared = NameResolver()

    private final class Lookup: Sendable {
        let answer = Mutex<Answer?>(nil)
        let done = WakeSignal()
    }

    private let pending = Mutex<[String: Lookup]>([:])
    private let ask: @Sendable (String) -> Answer

    /// A resolver that asks `ask`, which may block for as long as it likes; by default the system.
    init(ask: @escaping @Sendable (String) -> Answer = NameResolver.askSystem) { self.ask = ask }

    /// The addresses of `host`; a numeric address is its own.
    func addresses(of host: String, wake: WakeSignal, until deadline: Deadline) -> Answer {
        if Self.isNumeric(host) { return .addresses([host]) }
        let lookup: Lookup
        do {
            lookup = try begin(host)
        } catch {
            return .failed("could not resolve host name \"\(host)\": \(error)")
        }
        while true {
            if let answer = lookup.answer.withLock({ $0 }) { return answer }
            switch waitUntilReady(lookup.done.descriptor, for: Int16(POLLIN), wake: wake, until: deadline) {
            case .ready: continue
            case .woken: return .woken
            case .timedOut: return lookup.answer.withLock { $0 } ?? .timedOut
            case .failed(let error): return .failed("could not resolve host name \"\(host)\": \(error)")
            }
        }
    }

    /// The lookup that runs for `host`, or a new one.
    private func begin(_ host: String) throws(SystemCallError) -> Lookup {
        try pending.withLock { pending throws(SystemCallError) in
            if let running = pending[host] { return running }
            guard pending.count < Self.lookupLimit else { throw SystemCallError("getaddrinfo", code: EAGAIN) }
            let lookup = Lookup()
            pending[host] = lookup
            do throws(SystemCallError) {
                try startThread(name: "resolver") { self.run(lookup, for: host) }
            } catch {
                pending[host] = nil
                throw error
            }
            return lookup
        }
    }

    private func run(_ lookup: Lookup, for host: String) {
        let answer = ask(host)
        lookup.answer.withLock { $0 = answer }
        pending.withLock { $0[host] = nil }
        lookup.done.raise()
    }

    private static func isNumeric(_ host: String) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        return unsafe inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1
    }

    @Sendable static func askSystem(_ host: String) -> Answer {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_family = AF_UNSPEC
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, nil, &hints, &list)
        defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
        guard code == 0 else {
            let reason = unsafe gai_strerror(code).map { unsafe swiftString($0) } ?? "error \(code)"
            return .failed("could not translate host name \"\(host)\" to address: \(reason)")
        }
        var addresses: [String] = []
        var entry = unsafe list
        while let current = unsafe entry, addresses.count < addressLimit {
            if let address = unsafe numeric(current.pointee), !addresses.contains(address) { addresses.append(address) }
            unsafe entry = current.pointee.ai_next
        }
        return addresses.isEmpty ? .failed("host name \"\(host)\" has no address") : .addresses(addresses)
    }

    private static func numeric(_ entry: addrinfo) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = unsafe getnameinfo(
            entry.ai_addr,
            entry.ai_addrlen,
            &buffer,
            socklen_t(buffer.count),
            nil,
            0,
            NI_NUMERICHOST
        )
        guard code == 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

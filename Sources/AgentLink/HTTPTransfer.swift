import CLibcurl
import CLinux
public import Deadlines
import Glibc
import Synchronization

/// Sends HTTP requests by libcurl, one at a time, on a thread of its own and under a deadline.
///
/// Redirects are not followed and proxies are not used: whom it talks to is what the operator named.
public actor HTTPTransfer {
    private let executor = ThreadExecutor(name: "http")

    /// The thread that the transfers run on.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    /// Starts the thread; it ends with this value.
    public init() { _ = globalInitialization }

    deinit { executor.shutdown() }

    /// Sends a request and answers with the whole answer, whatever its status code.
    ///
    /// - Throws: ``TransferError``; ``TransferError/cancelled`` at once when the task is cancelled.
    public func send(_ request: TransferRequest, deadline: Deadline) async throws(TransferError) -> TransferAnswer {
        let body = BodySink(limit: request.bodyLimit)
        return try await perform(request, deadline: deadline, body: body)
    }

    /// Sends a request and gives the body to `receive` as it comes, until the server ends it or `receive` says false.
    ///
    /// `receive` is called on the transfer's thread; the request's limit counts for all pieces together.
    /// - Throws: ``TransferError``; ``TransferError/cancelled`` at once when the task is cancelled.
    public func stream(
        _ request: TransferRequest,
        deadline: Deadline,
        receive: @escaping @Sendable ([UInt8]) -> Bool
    ) async throws(TransferError) -> TransferAnswer {
        let body = BodySink(limit: request.bodyLimit, receive: receive)
        return try await perform(request, deadline: deadline, body: body)
    }

    private func perform(
        _ request: TransferRequest,
        deadline: Deadline,
        body: BodySink
    ) async throws(TransferError) -> TransferAnswer {
        guard let multi = MultiHandle() else { throw .notAttempted("libcurl has no memory") }
        let outcome = await withTaskCancellationHandler {
            run(request, deadline: deadline, body: body, multi: multi)
        } onCancel: {
            multi.cancel()
        }
        return try outcome.get()
    }

    /// Blocks the transfer's thread until the answer is there, the deadline passes or the transfer is cancelled.
    private func run(
        _ request: TransferRequest,
        deadline: Deadline,
        body: BodySink,
        multi: MultiHandle
    ) -> Result<TransferAnswer, TransferError> {
        guard let easy = EasyHandle(request, deadline: deadline, body: body) else {
            return .failure(.notAttempted("libcurl does not take the request to \(request.url)"))
        }
        let place = request.unixSocket ?? request.url
        guard unsafe curl_multi_add_handle(multi.pointer, easy.pointer) == CURLM_OK else {
            return .failure(.notAttempted("libcurl does not take the request to \(place)"))
        }
        defer { unsafe curl_multi_remove_handle(multi.pointer, easy.pointer) }
        while true {
            if multi.isCancelled { return .failure(.cancelled) }
            var running: Int32 = 0
            guard unsafe curl_multi_perform(multi.pointer, &running) == CURLM_OK else {
                return .failure(.notAttempted("libcurl gave up the request to \(place)"))
            }
            if running == 0 { break }
            if deadline.hasPassed { return .failure(.timedOut("no answer from \(place) in time")) }
            unsafe curl_multi_poll(multi.pointer, nil, 0, deadline.remainingMilliseconds, nil)
        }
        guard let code = multi.result else { return .failure(.notUnderstood("\(place) ended without an answer")) }
        return easy.outcome(code, body: body, place: place)
    }
}

/// `curl_global_init` once, before any handle; libcurl wants it before other threads use it.
private let globalInitialization: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

/// A `CURLM` that another thread may wake.
@safe private final class MultiHandle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
    private let cancelled = Atomic<Bool>(false)

    init?() {
        guard let pointer = unsafe curl_multi_init() else { return nil }
        unsafe self.pointer = pointer
    }

    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    func cancel() {
        cancelled.store(true, ordering: .releasing)
        // The one function of a multi handle that any thread may call.
        unsafe curl_multi_wakeup(pointer)
    }

    /// How the transfer ended.
    var result: CURLcode? {
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(pointer, &left) {
            if unsafe message.pointee.msg == CURLMSG_DONE { return unsafe message.pointee.data.result }
        }
        return nil
    }

    deinit { unsafe curl_multi_cleanup(pointer) }
}

/// A `CURL` with its options and what they point to.
@safe private final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?

    init?(_ request: TransferRequest, deadline: Deadline, body: BodySink) {
        guard let pointer = unsafe curl_easy_init() else { return nil }
        unsafe self.pointer = pointer
        for (name, value) in request.headers.sorted(by: { $0.key < $1.key }) {
            guard let longer = unsafe curl_slist_append(headers, "\(name): \(value)") else { return nil }
            unsafe headers = longer
        }
        let sink = unsafe Unmanaged.passUnretained(body).toOpaque()
        let milliseconds = Int(max(1, deadline.remainingMilliseconds))
        let texts: [(CURLoption, String?)] = [
            (CURLOPT_URL, request.url), (CURLOPT_UNIX_SOCKET_PATH, request.unixSocket), (CURLOPT_NOPROXY, "*"),
            (CURLOPT_PROTOCOLS_STR, "http,https"), (CURLOPT_USERAGENT, "howdah"),
        ]
        // Signals belong to the threads that expect them: names are resolved without SIGALRM.
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_NOSIGNAL, 1), (CURLOPT_TIMEOUT_MS, milliseconds), (CURLOPT_CONNECTTIMEOUT_MS, milliseconds),
            (CURLOPT_NOBODY, request.headOnly ? 1 : 0),
        ]
        for (option, text) in texts {
            guard let text else { continue }
            guard unsafe howdah_curl_easy_setopt_pointer(pointer, option, text) == CURLE_OK else { return nil }
        }
        for (option, number) in numbers {
            guard unsafe howdah_curl_easy_setopt_long(pointer, option, number) == CURLE_OK else { return nil }
        }
        guard unsafe howdah_curl_easy_setopt_pointer(pointer, CURLOPT_HTTPHEADER, headers) == CURLE_OK,
            unsafe howdah_curl_easy_setopt_write(pointer, receiveBody, sink) == CURLE_OK
        else { return nil }
    }

    func outcome(_ code: CURLcode, body: BodySink, place: String) -> Result<TransferAnswer, TransferError> {
        if code == CURLE_OK || (code == CURLE_WRITE_ERROR && body.wasStopped) {
            return .success(
                TransferAnswer(status: number(CURLINFO_RESPONSE_CODE), headers: readHeaders(), body: body.bytes)
            )
        }
        let words = unsafe String(cString: curl_easy_strerror(code))
        let text = "\(place): \(words)"
        switch code {
        case CURLE_WRITE_ERROR where body.isTooLarge:
            return .failure(.tooLarge("\(place) sent more than \(body.limit) bytes"))
        case CURLE_COULDNT_CONNECT: return .failure(connectFailure(place))
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_INTERFACE_FAILED: return .failure(.unreachable(text))
        case CURLE_OPERATION_TIMEDOUT: return .failure(.timedOut("no answer from \(place) in time"))
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT:
            return .failure(.notAttempted(text))
        default: return .failure(.notUnderstood(text))
        }
    }

    private func connectFailure(_ place: String) -> TransferError {
        switch Int32(number(CURLINFO_OS_ERRNO)) {
        case ENOENT: .noSocket("\(place) is not there")
        case ECONNREFUSED: .refused("nobody listens at \(place)")
        case EACCES, EPERM: .refused("\(place) may not be used by this user")
        default: .unreachable("\(place) cannot be reached")
        }
    }

    private func number(_ info: CURLINFO) -> Int {
        var value = 0
        return unsafe howdah_curl_easy_getinfo_long(pointer, info, &value) == CURLE_OK ? value : 0
    }

    private func readHeaders() -> [String: String] {
        var result: [String: String] = [:]
        var previous: UnsafeMutablePointer<curl_header>?
        while let header = unsafe curl_easy_nextheader(pointer, UInt32(CURLH_HEADER), -1, previous) {
            if let name = unsafe header.pointee.name, let value = unsafe header.pointee.value {
                unsafe result[String(cString: name).lowercased()] = String(cString: value)
            }
            unsafe previous = header
        }
        return result
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe curl_slist_free_all(headers)
    }
}

/// Where the body goes; used on the transfer's thread only.
private final class BodySink: @unchecked Sendable {
    let limit: Int
    private(set) var bytes: [UInt8] = []
    private(set) var isTooLarge = false
    private(set) var wasStopped = false
    private var count = 0
    private let receive: (@Sendable ([UInt8]) -> Bool)?

    init(limit: Int, receive: (@Sendable ([UInt8]) -> Bool)? = nil) {
        self.limit = limit
        self.receive = receive
    }

    /// Takes a piece; false ends the transfer.
    func take(_ piece: [UInt8]) -> Bool {
        count += piece.count
        guard count <= limit else {
            isTooLarge = true
            return false
        }
        guard let receive else {
            bytes += piece
            return true
        }
        wasStopped = !receive(piece)
        return !wasStopped
    }
}

private let receiveBody: howdah_curl_write_callback = { data, size, count, context in
    guard let data = unsafe data, let context = unsafe context else { return 0 }
    let sink = unsafe Unmanaged<BodySink>.fromOpaque(context).takeUnretainedValue()
    let length = size * count
    let piece = unsafe [UInt8](UnsafeRawBufferPointer(start: data, count: length))
    return sink.take(piece) ? length : 0
}

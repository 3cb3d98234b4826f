import Diagnosis
import Facts
import Logging
import Sensors
import ServiceLifecycle

/// Tells what has changed: the state file for the exec probe, one log line a transition.
///
/// Besides changes it wakes once a second, so that time alone can change the verdict and the state file never grows old
/// while Howdah lives.
struct Herald: Service {
    let board: Board
    let changed: WakeUp
    let stateFile: StateFile
    let servers: [StateFile.Server]
    let logger: Logger

    /// Seconds between looks while nothing changes.
    static let heartbeatSeconds = 1.0

    func run() async {
        await cancelWhenGracefulShutdown { await announceUntilCancelled() }
        write(observer: .stopped)
    }

    private func announceUntilCancelled() async {
        var announced = 0
        var writeFailed = false
        while !Task.isCancelled {
            let problem = write(observer: .running)
            if let problem, !writeFailed {
                logger.error("the state file cannot be written", metadata: ["error": "\(problem)"])
            }
            writeFailed = problem != nil
            let (changes, count) = board.transitions(after: announced)
            announced = count
            for change in changes { log(change) }
            await changed.wait(atMost: .seconds(Self.heartbeatSeconds))
            board.tick()
        }
    }

    @discardableResult
    private func write(observer: StateFile.Observer) -> StateFile.WriteFailure? {
        let (verdict, confirmedAt) = board.verdict()
        do throws(StateFile.WriteFailure) {
            try stateFile.write(verdict, observer: observer, servers: servers, confirmedAt: confirmedAt)
            return nil
        } catch {
            return error
        }
    }

    private func log(_ change: Transition) {
        var metadata: Logger.Metadata = [
            "what": "\(change.what.rawValue)", "from": "\(change.from)", "to": "\(change.to)",
            "at": "\(change.at.rfc3339)", "lasted_seconds": "\((change.lastedSeconds * 1000).rounded() / 1000)",
            "because": "\(change.message)",
        ]
        if !change.name.isEmpty { metadata["name"] = "\(change.name)" }
        // Going live or clearing is news, not a warning.
        let isGood = change.to == "live" || change.to == "clear" || change.to == "pass" || change.what == .role
        logger.log(level: isGood || change.what == .phase ? .info : .warning, "transition", metadata: metadata)
    }
}

import Facts
import Testing

@testable import Sensors

struct DirectoryHistoryTests {
    /// A history and a clock that goes on by what a test says, in milliseconds.
    struct Scene {
        var history = DirectoryHistory()
        var milliseconds = 0

        var now: Moment { Scene.moment(milliseconds) }

        static func moment(_ milliseconds: Int) -> Moment {
            let nanoseconds = Int64(milliseconds) * 1_000_000
            return Moment(boot: 1_000_000_000_000 + nanoseconds, wall: 1_800_000_000_000_000_000 + nanoseconds)
        }

        mutating func wait(_ milliseconds: Int) {
            self.milliseconds += milliseconds
            history.settle(at: now)
        }

        mutating func lock(_ status: LockFile.Status?, pid: Int32 = 10, startedAt: Int64? = 1_800_000_000) {
            var file = LockFile(pid: pid, isSingleUser: false)
            file.startedAt = startedAt
            file.status = status
            history.saw(.present(file), at: now)
        }

        mutating func unlock() { history.saw(.absent, at: now) }

        mutating func open(
            _ files: [DirectoryHistory.ConfigurationFile],
            by reader: DirectoryHistory.Reader = .unknown,
            isServerRunning: Bool = false
        ) {
            for file in files {
                history.opened(file, by: reader, isServerRunning: isServerRunning, at: now)
                milliseconds += 1
            }
        }
    }

    @Test func startAndStop() {
        var scene = Scene()
        scene.unlock()
        scene.open([.main, .main, .auto])
        scene.lock(nil)
        #expect(scene.history.lastStart == StartAttempt(stage: .tookLock, beganAt: Scene.moment(0)))
        scene.open([.authentication], isServerRunning: true)
        scene.lock(.starting)
        scene.wait(2000)
        #expect(scene.history.lastStart?.stage == .tookLock)
        scene.lock(.ready)
        #expect(scene.history.lastStart?.stage == .reachedReady)
        scene.wait(5000)
        scene.lock(.stopping)
        scene.unlock()
        #expect(
            scene.history.lastStart
                == StartAttempt(stage: .reachedReady, beganAt: Scene.moment(0), endedAt: scene.now)
        )
        #expect(scene.history.sightings.map(\.status) == [nil, .starting, .ready, .stopping])
    }

    @Test func wrongSetting() {
        var scene = Scene()
        scene.unlock()
        scene.open([.main, .main, .auto])
        #expect(scene.history.lastStart == nil)
        scene.wait(600)
        #expect(scene.history.lastStart == nil)
        scene.wait(200)
        #expect(
            scene.history.lastStart
                == StartAttempt(stage: .readConfiguration, beganAt: Scene.moment(0), endedAt: Scene.moment(2))
        )
    }

    // A supervisor that tries again at once: every attempt counts, none has to wait for the one before it.
    @Test func wrongSettingAgainAndAgain() {
        var scene = Scene()
        scene.unlock()
        scene.open([.main, .main, .auto])
        scene.milliseconds = 100
        scene.open([.main, .main, .auto])
        #expect(scene.history.lastStart?.beganAt == Scene.moment(0))
        scene.wait(800)
        #expect(scene.history.lastStart?.beganAt == Scene.moment(100))
    }

    @Test(arguments: [
        // cat, an editor, pg_ctl status
        [DirectoryHistory.ConfigurationFile.main],
        [.main, .main],
        [.auto],
        // grep, in alphabetical order
        [.authentication, .authentication, .auto, .main],
        // a backup, in whatever order
        [.main, .auto, .authentication],
        [.auto, .main, .authentication, .authentication],
        [.authentication, .main, .auto, .authentication],
    ])
    func othersWhoRead(files: [DirectoryHistory.ConfigurationFile]) {
        var scene = Scene()
        scene.unlock()
        scene.open(files)
        scene.wait(2000)
        #expect(scene.history.lastStart == nil)
    }

    @Test func serverSeenAtASyntaxError() {
        var scene = Scene()
        scene.unlock()
        scene.open([.main], by: .server)
        scene.wait(1000)
        #expect(scene.history.lastStart?.stage == .readConfiguration)
    }

    @Test func toolSeen() {
        var scene = Scene()
        scene.unlock()
        scene.open([.main, .auto], by: .tool)
        scene.wait(1000)
        #expect(scene.history.lastStart == nil)
    }

    // The server's own reload opens the same files in the same order.
    @Test func reload() {
        var scene = Scene()
        scene.lock(.ready)
        let before = scene.history.lastStart
        scene.open([.main, .auto], isServerRunning: true)
        scene.wait(2000)
        #expect(scene.history.lastStart == before)
    }

    // After a crash the lock file stays; the process table says that nobody holds it.
    @Test func wrongSettingBesideAStaleLockFile() {
        var scene = Scene()
        scene.lock(.ready)
        scene.wait(60_000)
        scene.open([.main, .main, .auto], isServerRunning: false)
        scene.wait(1000)
        let failed = scene.history.lastStart
        #expect(failed?.stage == .readConfiguration)
        #expect(failed?.endedAt != nil)
        scene.lock(.ready)
        #expect(scene.history.lastStart == failed)
        scene.unlock()
        #expect(scene.history.lastStart == failed)
        scene.lock(.starting, pid: 12)
        #expect(scene.history.lastStart?.stage == .tookLock)
    }

    @Test func newServerBetweenTwoLooks() {
        var scene = Scene()
        scene.lock(.ready)
        scene.wait(5000)
        scene.lock(.starting, pid: 11, startedAt: 1_800_000_004)
        #expect(scene.history.lastStart == StartAttempt(stage: .tookLock, beganAt: scene.now))
    }

    @Test func serverOlderThanOurWatch() throws {
        var scene = Scene()
        scene.lock(.stopping, startedAt: 1_799_999_900)
        let start = try #require(scene.history.lastStart)
        #expect(start.stage == .reachedReady)
        #expect(scene.now.seconds(since: start.beganAt) == 100)
    }

    // pg_hba.conf is opened after the lock file is made, and may come into view before it.
    @Test func authenticationFilesOfAServerThatStarted() {
        var scene = Scene()
        scene.unlock()
        scene.open([.main, .main, .auto, .authentication, .authentication])
        scene.lock(.ready)
        scene.wait(100)
        scene.unlock()
        scene.open([.main, .main, .auto])
        scene.wait(1000)
        #expect(scene.history.lastStart?.stage == .readConfiguration)
    }

    @Test func lockFileTooShortLivedToBeRead() {
        var scene = Scene()
        scene.unlock()
        scene.open([.main, .main, .auto])
        scene.unlock()
        scene.history.lockFileFlashed(at: scene.now)
        scene.wait(1000)
        #expect(
            scene.history.lastStart
                == StartAttempt(stage: .tookLock, beganAt: Scene.moment(0), endedAt: Scene.moment(3))
        )
    }

    // The file is empty for an instant when it is made, and not ours to read after a change of its mode.
    @Test func unreadableLockFileChangesNothing() {
        var scene = Scene()
        scene.lock(.ready)
        scene.history.saw(.notUnderstood("empty"), at: scene.now)
        scene.history.saw(.notPermitted("mode"), at: scene.now)
        #expect(scene.history.lastStart?.endedAt == nil)
    }

    @Test func singleUserBackendIsNoStart() {
        var scene = Scene()
        scene.unlock()
        scene.open([.main, .main, .auto])
        scene.history.saw(.present(LockFile(pid: 9, isSingleUser: true)), at: scene.now)
        scene.wait(1000)
        #expect(scene.history.lastStart == nil)
    }

    @Test func promotion() {
        var scene = Scene()
        scene.history.saw(standbySignal: true, at: scene.now)
        scene.wait(100)
        scene.history.promoteAppeared(at: scene.now)
        scene.wait(50)
        scene.history.saw(standbySignal: false, at: scene.now)
        #expect(scene.history.promotionRequestedAt == Scene.moment(100))
        #expect(scene.history.standbySignalRemovedAt == Scene.moment(150))
        scene.history.saw(standbySignal: true, at: scene.now)
        #expect(scene.history.promotionRequestedAt == nil)
        #expect(scene.history.standbySignalRemovedAt == nil)
    }

    @Test func sightingsAreBounded() {
        var scene = Scene()
        for pid in 1...100 { scene.lock(.ready, pid: Int32(pid)) }
        #expect(scene.history.sightings.count == DirectoryHistory.sightingLimit)
        #expect(scene.history.sightings.last?.pid == 100)
    }
}

struct WakeUpPacerTests {
    @Test func pacesAndLosesNothing() {
        func at(_ milliseconds: Int) -> Moment { DirectoryHistoryTests.Scene.moment(milliseconds) }
        var pacer = WakeUpPacer()
        func expect(_ answer: WakeUpPacer.Answer, isUrgent: Bool, at milliseconds: Int) {
            let given = pacer.news(isUrgent: isUrgent, at: at(milliseconds))
            #expect(given == answer)
        }
        func expect(due: Bool, at milliseconds: Int) {
            let isDue = pacer.isDue(at: at(milliseconds))
            #expect(isDue == due)
        }
        expect(.now, isUrgent: false, at: 0)
        expect(.later(at(50)), isUrgent: false, at: 10)
        expect(.pending, isUrgent: false, at: 20)
        expect(due: false, at: 49)
        expect(due: true, at: 50)
        expect(due: false, at: 51)
        expect(.later(at(55)), isUrgent: true, at: 52)
        expect(.now, isUrgent: true, at: 60)
        expect(due: false, at: 60)
        expect(.now, isUrgent: false, at: 200)
    }
}

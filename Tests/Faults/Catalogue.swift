extension Fault {
    /// Every fault, in the order of the table.
    public static let all: [Fault] = lifecycle + standbys + capacity + observation + starting

    static let lifecycle: [Fault] = [
        cleanStart, slowStart, crashRecovery, recoveryStalled, postmasterKilled, staleLockFile, backendKilled,
        reinitializationLoop, smartShutdown, smartShutdownAlone, fastShutdown, immediateShutdown,
        shutdownStuckOnSession, shutdownStuckOnWALSender, stoppedClean, postmasterStopped, backendStopped,
        observerBackendStopped,
    ]

    static let standbys: [Fault] = [
        standbyHealthy, standbyInconsistent, warmStandby, hotStandbyBlocked, replayPaused, replayPausedBySettings,
        replayDelayed, promotion, promotionSlow,
    ]

    static let capacity: [Fault] = [
        connectionsNearFull, connectionsFull, allSlotsTaken, allSlotsTakenObserverOut, allSlotsTakenAtStart, roleLimit,
        roleLimitOfObserver,
        databaseLimit, databaseLimitOfObserver, walSendersFull, cannotFork, preloadMissing, socketRemoved,
        catalogLocked,
    ]

    static let observation: [Fault] = [
        wrongPassword, roleMissing, databaseMissing, noHBALine, hbaReplicationOnly, wrongAddress, privilegeMissing,
    ]

    static let starting: [Fault] = [
        configurationBroken, hbaBroken, portTaken, singleUser, dataDirectoryEmpty, dataDirectoryNotMounted,
        dataDirectoryForeign, otherHost, networkDrop, clockSkew,
    ]
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IJobMarketplace} from "./interfaces/IJobMarketplace.sol";
import {IReputationSystem} from "./interfaces/IReputationSystem.sol";
import {ISessionMarket} from "./interfaces/ISessionMarket.sol";
import {HostPoints} from "./reputation/HostPoints.sol";

/// @title ReputationSystem
/// @notice What hosts are known for; `IReputationSystem` says what each call does and for whom.
/// @dev Upgradeable. Holds no money and moves none; the market's own rules never depend on it.
contract ReputationSystem is HostPoints {
    /* TYPES */

    /// @dev A finished piece of work, as its contract tells it.
    struct Work {
        bytes32 id;
        address host;
        address renter;
        address token;
        uint256 value; // what was paid, or would have been
        bool success;
    }

    /// @dev One slot.
    struct WorkState {
        bool recorded;
        bool counted; // points were given or taken for it
        bool rated;
    }

    /* STORAGE */

    mapping(bytes32 workId => WorkState state) private _work;
    mapping(address host => mapping(address renter => uint256 time)) private _lastSuccess;

    /* CONSTRUCTION */

    /// @notice Once, through the proxy.
    /// @param owner_ Governs, and replaces the code.
    function initialize(address owner_) external initializer {
        _requireNotZero(owner_);
        _initializeOwner(owner_);
        _setRules(
            Rules({
                start: 100,
                success: 10,
                failure: 20,
                rated5: 4,
                rated4: 2,
                rated1: 5,
                decayBps: 500,
                decayPeriod: 30 days,
                pairInterval: 1 days,
                incentiveFrom: 150,
                incentiveBps: 1000
            })
        );
    }

    /* WORK */

    /// @inheritdoc IReputationSystem
    function recordJob(uint256 jobId) external override {
        _record(_job(jobId));
    }

    /// @inheritdoc IReputationSystem
    function recordSession(SessionTerms calldata terms) external override {
        _record(_session(terms));
    }

    /// @inheritdoc IReputationSystem
    function rateJob(uint256 jobId, uint8 rating, bytes32 feedback) external override {
        _rate(_job(jobId), rating, feedback);
    }

    /// @inheritdoc IReputationSystem
    function rateSession(SessionTerms calldata terms, uint8 rating, bytes32 feedback) external override {
        _rate(_session(terms), rating, feedback);
    }

    /* GOVERNANCE */

    /// @inheritdoc IReputationSystem
    function slashReputation(address host, uint32 amount, bytes32 reason) external override {
        if (!isSlasher[msg.sender]) revert ReputationSystem_Unauthorized(msg.sender);
        emit ReputationSlashed(host, amount, _change(host, 0, amount), reason);
    }

    /* VIEWS */

    /// @inheritdoc IReputationSystem
    function workIdOf(address source, uint256 id) public pure override returns (bytes32) {
        return keccak256(abi.encode(source, id));
    }

    /// @inheritdoc IReputationSystem
    function workState(bytes32 workId) external view override returns (bool recorded, bool rated) {
        WorkState memory state = _work[workId];
        return (state.recorded, state.rated);
    }

    /* INTERNAL */

    function _record(Work memory work) private {
        WorkState storage state = _work[work.id];
        if (state.recorded) revert ReputationSystem_AlreadyRecorded(work.id);
        state.recorded = true;
        Rules memory r = rules();
        bool counted = !work.success || _isDue(work.host, work.renter, r.pairInterval);
        state.counted = counted;
        uint32 points = counted
            ? _change(work.host, work.success ? r.success : 0, work.success ? 0 : r.failure)
            : _change(work.host, 0, 0);
        if (work.success) _records[work.host].successes += 1;
        else _records[work.host].failures += 1;
        emit OutcomeRecorded(work.id, work.host, work.renter, work.success, counted, points);
    }

    /// @dev Stars for work that did not count change no points either.
    function _rate(Work memory work, uint8 rating, bytes32 feedback) private {
        if (msg.sender != work.renter) revert ReputationSystem_Unauthorized(msg.sender);
        _requireInRange(rating, 1, 5);
        if (!_work[work.id].recorded) _record(work);
        WorkState storage state = _work[work.id];
        if (state.rated) revert ReputationSystem_AlreadyRated(work.id);
        state.rated = true;
        (uint256 given, uint256 taken) = state.counted ? _worth(rating) : (0, 0);
        uint32 points = _change(work.host, given, taken);
        _records[work.host].ratings += 1;
        _records[work.host].ratingSum += rating;
        emit HostRated(work.id, work.host, work.renter, rating, feedback, points);
    }

    function _worth(uint8 rating) private view returns (uint256 given, uint256 taken) {
        Rules memory r = rules();
        if (rating == 5) return (r.rated5, 0);
        if (rating == 4) return (r.rated4, 0);
        if (rating == 1) return (0, r.rated1);
    }

    /// @dev Whether the renter's last success at this host that counted is long enough ago; if so, this one counts.
    function _isDue(address host, address renter, uint256 interval) private returns (bool) {
        uint256 last = _lastSuccess[host][renter];
        if (last != 0 && block.timestamp < last + interval) return false;
        _lastSuccess[host][renter] = block.timestamp;
        return true;
    }

    /* INTERNAL: READING WORK */

    function _job(uint256 jobId) private view returns (Work memory work) {
        address source = jobs;
        work.id = workIdOf(source, jobId);
        if (source == address(0)) revert ReputationSystem_NotFinished(work.id);
        IJobMarketplace.Job memory job = IJobMarketplace(source).jobOf(jobId);
        work.success = job.status == IJobMarketplace.JobStatus.Completed;
        if (!work.success && job.status != IJobMarketplace.JobStatus.Failed) {
            revert ReputationSystem_NotFinished(work.id);
        }
        (work.host, work.renter, work.token, work.value) = (job.host, job.renter, job.token, job.payment);
        _requireWorth(work);
    }

    /// @dev A session that ended with nothing paid tells nothing about its host.
    function _session(SessionTerms calldata given) private view returns (Work memory work) {
        address source = sessions;
        if (source == address(0)) revert ReputationSystem_NotFinished(bytes32(0));
        ISessionMarket.Terms calldata terms = _asTerms(given);
        uint256 sessionId = ISessionMarket(source).sessionIdOf(terms);
        work.id = workIdOf(source, sessionId);
        ISessionMarket.SessionDetails memory session = ISessionMarket(source).getSessionDetails(sessionId);
        bool ended =
            session.status == ISessionMarket.Status.Completed || session.status == ISessionMarket.Status.TimedOut;
        if (!ended) revert ReputationSystem_NotFinished(work.id);
        (work.host, work.renter, work.token) = (given.host, given.renter, given.token);
        (work.value, work.success) = (session.settled, true);
        _requireWorth(work);
    }

    function _requireWorth(Work memory work) private view {
        uint256 min = minValueOf[work.token];
        if (min == 0 || work.value < min) revert ReputationSystem_TooSmall(work.value, min);
    }

    /// @dev The two structs are one, in interfaces that import nothing.
    function _asTerms(SessionTerms calldata given) private pure returns (ISessionMarket.Terms calldata terms) {
        assembly ("memory-safe") {
            terms := given
        }
    }
}

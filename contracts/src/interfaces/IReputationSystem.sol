// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title IReputationSystem
/// @notice Points that hosts earn by work that was paid for, and lose by failure, bad ratings and idleness.
/// @dev Only finished jobs of the marketplace and finished sessions of the market count, each once, whoever reports it:
/// what happened is read from those contracts, never believed. Who buys from itself pays the market's fee for every point:
/// work below a least value does not count, and of one renter's successes at one host only one in an interval does.
/// Points are whole; they are not money.
interface IReputationSystem {
    /* TYPES */

    /// @notice `ISessionMarket.Terms`, member by member.
    struct SessionTerms {
        address renter;
        address host;
        address hostSigner;
        address voucherSigner;
        address token;
        bytes32 modelId;
        uint128 inputPrice;
        uint128 outputPrice;
        uint64 expiresAt;
        uint32 grace;
        uint16 feeBps;
        uint16 cancelBps;
        uint128 proofCap;
        uint256 salt;
    }

    /// @notice What points are given and taken for.
    struct Rules {
        uint16 start; // points of a host never heard of; at most 1,000
        uint16 success; // at most 1,000, as the next four
        uint16 failure; // taken
        uint16 rated5;
        uint16 rated4;
        uint16 rated1; // taken
        uint16 decayBps; // of the points, for each idle period; at most 5,000
        uint32 decayPeriod; // seconds; at least a day
        uint32 pairInterval; // seconds between two successes of one renter at one host that count; at most 30 days
        uint32 incentiveFrom; // points
        uint16 incentiveBps; // on top of the priority from there on; at most 5,000
    }

    /// @notice A host's record.
    struct HostRecord {
        uint32 points; // now, idleness counted
        uint40 lastActive; // zero: never heard of
        uint32 successes;
        uint32 failures;
        uint32 ratings;
        uint40 ratingSum; // stars
    }

    /* EVENTS */

    /// @notice A piece of work was counted; `points` is what the host has now.
    event OutcomeRecorded(
        bytes32 indexed workId, address indexed host, address indexed renter, bool success, bool counted, uint32 points
    );
    /// @notice A renter rated; `feedback` is a content id, zero for none.
    event HostRated(
        bytes32 indexed workId,
        address indexed host,
        address indexed renter,
        uint8 rating,
        bytes32 feedback,
        uint32 points
    );
    /// @notice Points were taken by decision.
    event ReputationSlashed(address indexed host, uint32 amount, uint32 points, bytes32 reason);
    /// @notice What points are given for from now on.
    event RulesSet(Rules rules);
    /// @notice Where work is looked up; zero: nowhere.
    event SourcesSet(address jobs, address sessions);
    /// @notice The least value of work that counts; zero: nothing in this token does.
    event MinValueSet(address indexed token, uint256 minValue);
    /// @notice An account may take points, or no longer.
    event SlasherSet(address indexed slasher, bool allowed);

    /* ERRORS */

    /// @notice The work is unknown, not finished, or nobody's success or failure.
    error ReputationSystem_NotFinished(bytes32 workId);
    /// @notice The work is worth less than what counts.
    error ReputationSystem_TooSmall(uint256 value, uint256 min);
    /// @notice The work was counted before.
    error ReputationSystem_AlreadyRecorded(bytes32 workId);
    /// @notice The work was rated before.
    error ReputationSystem_AlreadyRated(bytes32 workId);
    /// @notice The caller may not do this.
    error ReputationSystem_Unauthorized(address caller);
    /// @notice An address that must be set is zero.
    error ReputationSystem_ZeroAddress();
    /// @notice A value outside its bounds.
    error ReputationSystem_OutOfRange(uint256 value, uint256 min, uint256 max);

    /* WORK */

    /// @notice Counts a finished job. Anyone may call.
    function recordJob(uint256 jobId) external;

    /// @notice Counts a finished session in which something was paid. Anyone may call.
    function recordSession(SessionTerms calldata terms) external;

    /// @notice Rates a finished job, and counts it if nobody has. Caller: its renter, once.
    /// @param rating 1 to 5 stars.
    /// @param feedback Content id, zero for none.
    function rateJob(uint256 jobId, uint8 rating, bytes32 feedback) external;

    /// @notice Rates a finished session, and counts it if nobody has. Caller: its renter, once.
    function rateSession(SessionTerms calldata terms, uint8 rating, bytes32 feedback) external;

    /* GOVERNANCE */

    /// @notice Takes points from a host. Caller: a slasher.
    function slashReputation(address host, uint32 amount, bytes32 reason) external;

    /// @notice Replaces the rules; idle time that is not counted yet is counted by the new ones.
    function setRules(Rules calldata rules) external;

    /// @notice Where work is looked up (`IJobMarketplace`, `ISessionMarket`); zero for nowhere.
    function setSources(address jobs, address sessions) external;

    /// @notice The least value of work that counts in a token; zero for nothing.
    function setMinValue(address token, uint256 minValue) external;

    /// @notice Lets an account take points, or no longer.
    function setSlasher(address slasher, bool allowed) external;

    /* VIEWS */

    /// @notice A host's points now.
    function getReputation(address host) external view returns (uint256);

    /// @notice A host's record now.
    function recordOf(address host) external view returns (HostRecord memory);

    /// @notice A host's points with what good ones are given on top: a host's weight where hosts are chosen.
    function priorityOf(address host) external view returns (uint256);

    /// @notice Whether the host has so many points that its priority is raised.
    function isEligibleForIncentives(address host) external view returns (bool);

    /// @notice The best hosts, best first, at most 32. A host that is not among them had, when last active, no more points
    /// than the least of them had then.
    function topHosts(uint256 limit) external view returns (address[] memory hosts, uint256[] memory points);

    /// @notice How a job or session is called in events: keccak256(abi.encode(its contract, its id)).
    function workIdOf(address source, uint256 id) external pure returns (bytes32);

    /// @notice Whether a piece of work was counted, and rated.
    function workState(bytes32 workId) external view returns (bool recorded, bool rated);

    /// @notice What points are given and taken for.
    function rules() external view returns (Rules memory);

    /// @notice The least value of work that counts in a token; zero: nothing does.
    function minValueOf(address token) external view returns (uint256);

    /// @notice Whether the account may take points.
    function isSlasher(address account) external view returns (bool);

    /// @notice Where jobs are looked up.
    function jobs() external view returns (address);

    /// @notice Where sessions are looked up.
    function sessions() external view returns (address);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title IJobMarketplace
/// @notice Single-prompt jobs: a renter posts one with its payment, a host claims it, runs it and submits the result, the
/// renter accepts it or stays silent.
/// @dev A job's id is its escrow's: the money lies in `PaymentEscrow`, which knows renter, host, amount and clocks, and
/// where anyone can end a job whose time is over. Posting and claiming ask the circuit breaker (`ICircuitBreaker`), and
/// nothing else does. Prompts and results are content ids (BLAKE3), never text. Amounts are
/// token base units; the token zero is the chain's coin; times are Unix seconds.
interface IJobMarketplace {
    /* TYPES */

    /// @notice What to run.
    struct JobDetails {
        bytes32 modelId; // keccak256(abi.encode(blake3 of the GGUF, its size))
        bytes32 prompt; // content id
        bytes32 resultFormat; // by custom ASCII, "text" or "json", padded with zeros
        uint64 seed;
        uint32 maxTokens; // 1 to 1,000,000
        uint16 temperature; // thousandths, at most 2,000
    }

    /// @notice Who may run it, and how long that may take.
    struct JobRequirements {
        address host; // zero: any that meets the rest
        uint32 minReputation;
        uint16 minGpuMemory; // GB that the host advertises, at most 128
        uint32 maxTime; // seconds from now to the result: 60 to 365 days
        bool requiresProof; // the proof system must confirm the result
    }

    /// @notice One item of `postJobs`.
    struct Posting {
        JobDetails details;
        JobRequirements requirements;
        address token;
        uint256 payment; // gross: the escrow's fee is in it
    }

    /// @notice What a payment in a token must keep to. One slot.
    struct PaymentLimits {
        uint96 min;
        uint96 max; // zero: not accepted
    }

    /// @notice What a job is doing.
    enum JobStatus {
        None,
        Open, // waits for a host
        Claimed, // a host works on it
        Submitted, // released to the host unless disputed
        Disputed, // the arbiter decides
        Completed, // paid to the host
        Failed, // paid back: given up, too late, or lost in a dispute
        Cancelled, // paid back, and nobody's failure
        Expired // its time is over and nobody has asked for the refund yet
    }

    /// @notice A job. What is not here is in the event of its posting.
    struct Job {
        JobStatus status;
        address renter;
        address host; // zero until claimed
        address token;
        uint96 payment;
        uint40 deadline; // for the result
        bytes32 modelId;
        bytes32 result; // content id; zero until submitted
        JobRequirements requirements; // `maxTime` is zero: see `deadline`
    }

    /* EVENTS */

    /// @notice A job was posted. `requirements.host` is zero for an open one.
    event JobPosted(
        uint256 indexed jobId,
        address indexed renter,
        bytes32 indexed modelId,
        address token,
        uint256 payment,
        uint40 deadline,
        JobDetails details,
        JobRequirements requirements
    );
    /// @notice A host took the job.
    event JobClaimed(uint256 indexed jobId, address indexed host);
    /// @notice The result is there.
    event JobSubmitted(uint256 indexed jobId, address indexed host, bytes32 result);
    /// @notice The host gave up; the renter is paid back.
    event JobFailed(uint256 indexed jobId, address indexed host);
    /// @notice The renter took back a job that nobody had claimed.
    event JobCancelled(uint256 indexed jobId);
    /// @notice An item of a batch could not be released.
    event ReleaseSkipped(uint256 indexed jobId, uint256 index);

    /// @notice Limits of payments in a token from now on; `max` zero means not accepted.
    event PaymentLimitsSet(address indexed token, PaymentLimits limits);
    /// @notice Where reputations are read; zero for nowhere.
    event ReputationSet(address indexed reputation);
    /// @notice Who confirms proofs; zero for nobody.
    event ProofSystemSet(address indexed proofSystem);

    /* ERRORS */

    /// @notice A value outside its bounds.
    error JobMarketplace_OutOfRange(uint256 value, uint256 min, uint256 max);
    /// @notice A content or model id that must be set is zero.
    error JobMarketplace_ZeroId();
    /// @notice An address that must be set is zero.
    error JobMarketplace_ZeroAddress();
    /// @notice No contract is set for what this job requires.
    error JobMarketplace_Unavailable();
    /// @notice The coin sent is not the sum of the payments in it.
    error JobMarketplace_WrongValue(uint256 sent, uint256 expected);
    /// @notice The token did not deliver exactly the payment.
    error JobMarketplace_TokenShortfall(uint256 received, uint256 expected);
    /// @notice The caller may not do this.
    error JobMarketplace_Unauthorized(address caller);
    /// @notice The job is not in a state for this.
    error JobMarketplace_WrongStatus(uint256 jobId, JobStatus status);
    /// @notice The host is not active, or does not offer the model in the token.
    error JobMarketplace_NotOffered(address host);
    /// @notice The job is for another host, or the host's own.
    error JobMarketplace_WrongHost(address host);
    /// @notice The host advertises less GPU memory than required.
    error JobMarketplace_TooLittleMemory(uint256 memory_, uint256 min);
    /// @notice The host's reputation is below what is required.
    error JobMarketplace_TooLittleReputation(uint256 reputation, uint256 min);
    /// @notice The host's controller has so many hosts that open jobs are not for them.
    error JobMarketplace_SuspiciousController(address controller);
    /// @notice The proof system does not confirm the result.
    error JobMarketplace_NotProven(uint256 jobId, bytes32 result);

    /* POSTING */

    /// @notice Posts a job with its payment: coin sent along, or an allowance.
    function postJob(JobDetails calldata details, JobRequirements calldata requirements, address token, uint256 payment)
        external
        payable
        returns (uint256 jobId);

    /// @notice Posts 1 to 100 jobs, all or none; the coin sent is the sum of the payments in it. One only while the circuit
    /// breaker throttles.
    function postJobs(Posting[] calldata postings) external payable returns (uint256[] memory jobIds);

    /// @notice Takes a job back that nobody claimed. Caller: the renter.
    function cancelJob(uint256 jobId) external;

    /* HOSTS */

    /// @notice Takes the job on. Caller: a host that meets its requirements.
    function claimJob(uint256 jobId) external;

    /// @notice `claimJob` by the host's signer.
    function claimJobFor(uint256 jobId, address host) external;

    /// @notice Delivers the result. Caller: the host or its signer, before the deadline.
    /// @param result Content id.
    function submitResult(uint256 jobId, bytes32 result) external;

    /// @notice Gives the job up; the renter is paid back. Caller: the host or its signer, before the result is submitted.
    function failJob(uint256 jobId) external;

    /* RELEASING */

    /// @notice Accepts the result: the host is paid. Caller: the renter. What else ends a job is in `PaymentEscrow`.
    function releasePayment(uint256 jobId) external;

    /// @notice Accepts 1 to 100 results; what cannot be released is skipped and reported by `ReleaseSkipped`.
    /// @return released Which were.
    function releasePayments(uint256[] calldata jobIds) external returns (bool[] memory released);

    /* GOVERNANCE */

    /// @notice Limits of payments in a token; `max` zero stops accepting it.
    function setPaymentLimits(address token, PaymentLimits calldata limits) external;

    /// @notice Where reputations are read (`IReputation`); zero for nowhere.
    function setReputation(address reputation) external;

    /// @notice Who confirms proofs (`IJobProofs`); zero for nobody.
    function setProofSystem(address proofSystem) external;

    /* VIEWS */

    /// @notice A job; all zero for ids never seen.
    function jobOf(uint256 jobId) external view returns (Job memory);

    /// @notice What a payment in a token must keep to.
    function paymentLimitsOf(address token) external view returns (PaymentLimits memory);

    /// @notice Where the money lies.
    function escrow() external view returns (address);

    /// @notice Who the hosts are.
    function registry() external view returns (address);

    /// @notice Where reputations are read; zero for nowhere.
    function reputation() external view returns (address);

    /// @notice Who confirms proofs; zero for nobody.
    function proofSystem() external view returns (address);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IJobMarketplace} from "./interfaces/IJobMarketplace.sol";
import {IJobProofs} from "./interfaces/IJobProofs.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {IPaymentEscrow} from "./interfaces/IPaymentEscrow.sol";
import {IReputation} from "./interfaces/IReputation.sol";
import {JobGovernance} from "./jobs/JobGovernance.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title JobMarketplace
/// @notice Single-prompt jobs; `IJobMarketplace` says what each call does and for whom.
/// @dev Upgradeable, and therefore holds no money: a payment passes through to the escrow within one call. The most that
/// other code here could do with a payment that is in the escrow is to pay the wrong host, or to spend an allowance that a
/// renter left standing; allow no more than the job at hand.
contract JobMarketplace is JobGovernance, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /* TYPES */

    /// @dev What the escrow does not know.
    struct StoredJob {
        bytes32 modelId;
        // One slot.
        address host; // that it is for; zero: any
        uint32 minReputation;
        uint16 minGpuMemory;
        bool requiresProof;
        bytes32 result;
    }

    /* CONSTANTS AND IMMUTABLES */

    /// @notice Most items of a batch.
    uint256 public constant MAX_BATCH = 100;

    uint32 private constant MAX_TOKENS = 1_000_000;
    uint16 private constant MAX_TEMPERATURE = 2000;
    uint16 private constant MAX_GPU_MEMORY = 128;
    uint32 private constant MIN_TIME = 60;
    uint32 private constant MAX_TIME = 365 days;

    /// @inheritdoc IJobMarketplace
    address public immutable override registry;
    /// @inheritdoc IJobMarketplace
    address public immutable override escrow;

    /* STORAGE */

    mapping(uint256 jobId => StoredJob) private _jobs;

    /* CONSTRUCTION */

    /// @param registry_ Who the hosts are.
    /// @param escrow_ Where the money lies.
    constructor(address registry_, address escrow_) {
        _requireNotZero(registry_);
        _requireNotZero(escrow_);
        (registry, escrow) = (registry_, escrow_);
    }

    /// @notice Once, through the proxy.
    /// @param owner_ Governs, and replaces the code.
    /// @param guardian_ Moves the circuit breaker's level; zero for the owner alone.
    function initialize(address owner_, address guardian_) external initializer {
        _requireNotZero(owner_);
        _initializeOwner(owner_);
        _setUpBreaker(guardian_, BreakerSettings({failures: 5, window: 10 minutes, perMinute: 3, perHour: 10}));
    }

    /* POSTING */

    /// @inheritdoc IJobMarketplace
    function postJob(JobDetails calldata details, JobRequirements calldata requirements, address token, uint256 payment)
        external
        payable
        override
        throttled
        nonReentrant
        returns (uint256 jobId)
    {
        uint256 coin = token == address(0) ? payment : 0;
        if (msg.value != coin) revert JobMarketplace_WrongValue(msg.value, coin);
        return _post(details, requirements, token, payment);
    }

    /// @inheritdoc IJobMarketplace
    function postJobs(Posting[] calldata postings)
        external
        payable
        override
        throttled
        nonReentrant
        returns (uint256[] memory jobIds)
    {
        // Or the rate would be a hundred times what it says.
        _requireInRange(postings.length, 1, circuitBreakerLevel() == 0 ? MAX_BATCH : 1);
        uint256 coin;
        jobIds = new uint256[](postings.length);
        for (uint256 i = 0; i < postings.length; i++) {
            Posting calldata posting = postings[i];
            if (posting.token == address(0)) {
                coin += posting.payment;
                // Before the money of later items is spent on this one.
                if (coin > msg.value) revert JobMarketplace_WrongValue(msg.value, coin);
            }
            jobIds[i] = _post(posting.details, posting.requirements, posting.token, posting.payment);
        }
        if (msg.value != coin) revert JobMarketplace_WrongValue(msg.value, coin);
    }

    /// @inheritdoc IJobMarketplace
    function cancelJob(uint256 jobId) external override {
        IPaymentEscrow.EscrowDetails memory money = _money(jobId);
        if (msg.sender != money.renter) revert JobMarketplace_Unauthorized(msg.sender);
        // Past its deadline as well: the renter need not wait for anybody.
        if (money.status != IPaymentEscrow.Status.Locked || money.host != address(0)) {
            revert JobMarketplace_WrongStatus(jobId, _statusOf(money));
        }
        emit JobCancelled(jobId);
        IPaymentEscrow(escrow).abandonEscrow(jobId);
    }

    /* HOSTS */

    /// @inheritdoc IJobMarketplace
    function claimJob(uint256 jobId) external override whenOpen {
        _claim(jobId, msg.sender);
    }

    /// @inheritdoc IJobMarketplace
    function claimJobFor(uint256 jobId, address host) external override whenOpen {
        _claim(jobId, host);
    }

    /// @inheritdoc IJobMarketplace
    function submitResult(uint256 jobId, bytes32 result) external override {
        IPaymentEscrow.EscrowDetails memory money = _claimed(jobId);
        if (result == bytes32(0)) revert JobMarketplace_ZeroId();
        StoredJob storage job = _jobs[jobId];
        if (job.requiresProof && !_isProven(jobId, result)) revert JobMarketplace_NotProven(jobId, result);
        job.result = result;
        emit JobSubmitted(jobId, money.host, result);
        IPaymentEscrow(escrow).markDelivered(jobId);
    }

    /// @inheritdoc IJobMarketplace
    function failJob(uint256 jobId) external override {
        IPaymentEscrow.EscrowDetails memory money = _claimed(jobId);
        _recordFailure();
        emit JobFailed(jobId, money.host);
        IPaymentEscrow(escrow).abandonEscrow(jobId);
    }

    /* RELEASING */

    /// @inheritdoc IJobMarketplace
    function releasePayment(uint256 jobId) external override {
        IPaymentEscrow.EscrowDetails memory money = _money(jobId);
        if (msg.sender != money.renter) revert JobMarketplace_Unauthorized(msg.sender);
        if (money.status != IPaymentEscrow.Status.Delivered) {
            revert JobMarketplace_WrongStatus(jobId, _statusOf(money));
        }
        IPaymentEscrow(escrow).releaseEscrow(jobId);
    }

    /// @inheritdoc IJobMarketplace
    function releasePayments(uint256[] calldata jobIds) external override returns (bool[] memory released) {
        _requireInRange(jobIds.length, 1, MAX_BATCH);
        released = new bool[](jobIds.length);
        for (uint256 i = 0; i < jobIds.length; i++) {
            IPaymentEscrow.EscrowDetails memory money = _money(jobIds[i]);
            released[i] = msg.sender == money.renter && money.status == IPaymentEscrow.Status.Delivered;
            if (released[i]) IPaymentEscrow(escrow).releaseEscrow(jobIds[i]);
            else emit ReleaseSkipped(jobIds[i], i);
        }
    }

    /* VIEWS */

    /// @inheritdoc IJobMarketplace
    function jobOf(uint256 jobId) external view override returns (Job memory job) {
        IPaymentEscrow.EscrowDetails memory money = _money(jobId);
        StoredJob storage stored = _jobs[jobId];
        job.status = _statusOf(money);
        (job.renter, job.host, job.token) = (money.renter, money.host, money.token);
        (job.payment, job.deadline) = (money.amount, money.deadline);
        (job.modelId, job.result) = (stored.modelId, stored.result);
        job.requirements =
            JobRequirements(stored.host, stored.minReputation, stored.minGpuMemory, 0, stored.requiresProof);
    }

    /* INTERNAL: POSTING */

    function _post(JobDetails calldata details, JobRequirements calldata requirements, address token, uint256 payment)
        private
        returns (uint256 jobId)
    {
        _check(details, requirements, token, payment);
        uint40 deadline = (block.timestamp + requirements.maxTime).toUint40();
        jobId = _lock(token, payment, deadline);
        _jobs[jobId] = StoredJob({
            modelId: details.modelId,
            host: requirements.host,
            minReputation: requirements.minReputation,
            minGpuMemory: requirements.minGpuMemory,
            requiresProof: requirements.requiresProof,
            result: bytes32(0)
        });
        _checkPayment(token, payment);
        emit JobPosted(jobId, msg.sender, details.modelId, token, payment, deadline, details, requirements);
    }

    /// @dev What a job names must be there when it is posted, or it could never be claimed.
    function _check(JobDetails calldata details, JobRequirements calldata requirements, address token, uint256 payment)
        private
        view
    {
        if (details.modelId == bytes32(0) || details.prompt == bytes32(0)) revert JobMarketplace_ZeroId();
        _requireInRange(details.maxTokens, 1, MAX_TOKENS);
        _requireInRange(details.temperature, 0, MAX_TEMPERATURE);
        _requireInRange(requirements.minGpuMemory, 0, MAX_GPU_MEMORY);
        _requireInRange(requirements.maxTime, MIN_TIME, MAX_TIME);
        PaymentLimits memory limits = paymentLimitsOf(token);
        // No payment is within [1, 0]: what is not accepted has no limits.
        _requireInRange(payment, limits.max == 0 ? 1 : limits.min, limits.max);
        if (requirements.minReputation != 0 && reputation == address(0)) revert JobMarketplace_Unavailable();
        if (requirements.requiresProof && proofSystem == address(0)) revert JobMarketplace_Unavailable();
        if (requirements.host == msg.sender) revert JobMarketplace_WrongHost(msg.sender);
        if (requirements.host != address(0)) _requireOffer(requirements.host, details.modelId, token);
    }

    /// @dev Brings the payment to the escrow.
    function _lock(address token, uint256 payment, uint40 deadline) private returns (uint256) {
        if (token == address(0)) {
            return IPaymentEscrow(escrow).createEscrow{value: payment}(msg.sender, token, payment, deadline);
        }
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), payment);
        uint256 balance = IERC20(token).balanceOf(address(this));
        uint256 received = balance > before ? balance - before : 0;
        if (received != payment) revert JobMarketplace_TokenShortfall(received, payment);
        IERC20(token).forceApprove(escrow, payment);
        return IPaymentEscrow(escrow).createEscrow(msg.sender, token, payment, deadline);
    }

    /* INTERNAL: HOSTS */

    function _claim(uint256 jobId, address host) private {
        IPaymentEscrow.EscrowDetails memory money = _money(jobId);
        JobStatus status = _statusOf(money);
        if (status != JobStatus.Open) revert JobMarketplace_WrongStatus(jobId, status);
        StoredJob storage job = _jobs[jobId];
        if (host == money.renter) revert JobMarketplace_WrongHost(host);
        address signer = _requireOffer(host, job.modelId, money.token);
        if (msg.sender != host && msg.sender != signer) revert JobMarketplace_Unauthorized(msg.sender);
        if (job.host == address(0)) _requireNotSuspicious(host);
        else if (job.host != host) revert JobMarketplace_WrongHost(host);
        _requireCapable(host, job);
        emit JobClaimed(jobId, host);
        IPaymentEscrow(escrow).assignHost(jobId, host);
    }

    function _requireOffer(address host, bytes32 modelId, address token) private view returns (address signer) {
        uint128 outputPrice;
        (signer,, outputPrice) = INodeRegistry(registry).offerOf(host, modelId, token);
        // An offer's output price is never zero; nor has an inactive host any.
        if (outputPrice == 0) revert JobMarketplace_NotOffered(host);
    }

    function _requireNotSuspicious(address host) private view {
        address controller = INodeRegistry(registry).controllerOf(host);
        if (controller != address(0) && INodeRegistry(registry).isSuspiciousController(controller)) {
            revert JobMarketplace_SuspiciousController(controller);
        }
    }

    function _requireCapable(address host, StoredJob storage job) private view {
        (uint256 minMemory, uint256 minReputation) = (job.minGpuMemory, job.minReputation);
        if (minMemory != 0) {
            uint256 memory_ = INodeRegistry(registry).gpuMemoryOf(host);
            if (memory_ < minMemory) revert JobMarketplace_TooLittleMemory(memory_, minMemory);
        }
        if (minReputation != 0) {
            if (reputation == address(0)) revert JobMarketplace_Unavailable();
            uint256 score = IReputation(reputation).getReputation(host);
            if (score < minReputation) revert JobMarketplace_TooLittleReputation(score, minReputation);
        }
    }

    function _isProven(uint256 jobId, bytes32 result) private view returns (bool) {
        if (proofSystem == address(0)) revert JobMarketplace_Unavailable();
        return IJobProofs(proofSystem).isProven(address(this), jobId, result);
    }

    /// @dev A job that its host works on; the caller is that host or its signer.
    function _claimed(uint256 jobId) private view returns (IPaymentEscrow.EscrowDetails memory money) {
        money = _money(jobId);
        JobStatus status = _statusOf(money);
        if (status != JobStatus.Claimed) revert JobMarketplace_WrongStatus(jobId, status);
        if (msg.sender == money.host) return money;
        (address signer,,) = INodeRegistry(registry).offerOf(money.host, _jobs[jobId].modelId, money.token);
        if (msg.sender != signer) revert JobMarketplace_Unauthorized(msg.sender);
    }

    /* INTERNAL: READING */

    /// @dev The job's escrow; all zero if it is not one of ours.
    function _money(uint256 jobId) private view returns (IPaymentEscrow.EscrowDetails memory money) {
        money = IPaymentEscrow(escrow).escrowOf(jobId);
        if (money.operator != address(this)) delete money;
    }

    function _statusOf(IPaymentEscrow.EscrowDetails memory money) private view returns (JobStatus) {
        IPaymentEscrow.Status status = money.status;
        if (status == IPaymentEscrow.Status.None) return JobStatus.None;
        if (status == IPaymentEscrow.Status.Locked) {
            if (block.timestamp > money.deadline) return JobStatus.Expired;
            return money.host == address(0) ? JobStatus.Open : JobStatus.Claimed;
        }
        if (status == IPaymentEscrow.Status.Delivered) return JobStatus.Submitted;
        if (status == IPaymentEscrow.Status.Disputed) return JobStatus.Disputed;
        if (status == IPaymentEscrow.Status.Released) return JobStatus.Completed;
        return status == IPaymentEscrow.Status.Refunded ? JobStatus.Failed : JobStatus.Cancelled;
    }
}

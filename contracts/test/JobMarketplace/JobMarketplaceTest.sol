// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IFabToken} from "../../src/interfaces/IFabToken.sol";
import {IJobMarketplace} from "../../src/interfaces/IJobMarketplace.sol";
import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {IPullPayments} from "../../src/interfaces/IPullPayments.sol";
import {DevToken} from "../tokens/DevToken.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";

/// @notice A marketplace over the real registry and escrow, a renter with coin and tokens, and two hosts that offer the
/// model in both.
abstract contract JobMarketplaceTest is Test {
    address internal constant COIN = address(0);
    bytes32 internal constant MODEL = keccak256("model");
    bytes32 internal constant PROMPT = keccak256("prompt");
    bytes32 internal constant RESULT = keccak256("result");
    uint16 internal constant FEE_BPS = 1500;
    uint256 internal constant PAYMENT = 10e6;
    uint32 internal constant TIME = 1 hours;

    IJobMarketplace internal jobs;
    IPaymentEscrow internal escrow;
    INodeRegistry internal registry;
    IFabToken internal fab;
    DevToken internal token;
    address internal owner;
    address internal arbiter;
    address internal treasury;
    address internal renter;
    address internal host;
    address internal other;
    address internal signer;
    address internal stranger;
    address internal guardian;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        (owner, arbiter, treasury) = (makeAddr("owner"), makeAddr("arbiter"), makeAddr("treasury"));
        (renter, host, other) = (makeAddr("renter"), makeAddr("host"), makeAddr("other"));
        (signer, stranger) = (makeAddr("signer"), makeAddr("stranger"));
        guardian = makeAddr("guardian");
        fab = Deploy.fabToken(address(this), address(this));
        registry = Deploy.nodeRegistry(owner, address(fab), 1000e18, 7 days, 4096);
        escrow = Deploy.paymentEscrow(owner, arbiter, treasury, FEE_BPS);
        jobs = Deploy.jobMarketplace(owner, guardian, address(registry), address(escrow));
        token = new DevToken("Dev Dollar", "DEV", 6);
        vm.startPrank(owner);
        jobs.setPaymentLimits(COIN, IJobMarketplace.PaymentLimits(0.0002 ether, 1000 ether));
        jobs.setPaymentLimits(address(token), IJobMarketplace.PaymentLimits(0.8e6, 1_000_000e6));
        vm.stopPrank();
        register(host);
        register(other);
        fund(renter);
    }

    function fund(address account) internal {
        vm.deal(account, 1e9 ether);
        token.mint(account, 1e15);
        vm.prank(account);
        token.approve(address(jobs), type(uint256).max);
    }

    function offers() internal view returns (INodeRegistry.ModelPrice[] memory prices) {
        prices = new INodeRegistry.ModelPrice[](2);
        prices[0] = INodeRegistry.ModelPrice(MODEL, COIN, 1, 1);
        prices[1] = INodeRegistry.ModelPrice(MODEL, address(token), 1, 1);
    }

    function publicKey() internal pure returns (bytes memory) {
        return abi.encodePacked(bytes1(0x02), keccak256("public key"));
    }

    function register(address account) internal {
        assertTrue(fab.transfer(account, 1000e18));
        vm.startPrank(account);
        fab.approve(address(registry), 1000e18);
        registry.register(signer, "https://host.example", "{}", publicKey(), offers());
        vm.stopPrank();
    }

    /* MOVES */

    function details() internal pure returns (IJobMarketplace.JobDetails memory d) {
        d = IJobMarketplace.JobDetails({
            modelId: MODEL, prompt: PROMPT, resultFormat: "json", seed: 42, maxTokens: 4000, temperature: 700
        });
    }

    /// @dev An open job that any host may run within the hour.
    function requirements() internal pure returns (IJobMarketplace.JobRequirements memory r) {
        r.maxTime = TIME;
    }

    function post(IJobMarketplace.JobRequirements memory r) internal returns (uint256 jobId) {
        vm.prank(renter);
        return jobs.postJob(details(), r, address(token), PAYMENT);
    }

    function post() internal returns (uint256 jobId) {
        return post(requirements());
    }

    function claimed() internal returns (uint256 jobId) {
        jobId = post();
        vm.prank(host);
        jobs.claimJob(jobId);
    }

    function submitted() internal returns (uint256 jobId) {
        jobId = claimed();
        vm.prank(host);
        jobs.submitResult(jobId, RESULT);
    }

    /// @dev One job in each status, in the enumeration's order; the first is an id never seen.
    function oneOfEach() internal returns (uint256[9] memory ids) {
        ids[0] = type(uint256).max;
        ids[8] = post();
        skip(TIME + 1);
        ids[1] = post();
        ids[2] = claimed();
        ids[3] = submitted();
        ids[4] = submitted();
        vm.prank(renter);
        escrow.disputeEscrow(ids[4]);
        ids[5] = submitted();
        vm.prank(renter);
        jobs.releasePayment(ids[5]);
        ids[6] = claimed();
        vm.prank(host);
        jobs.failJob(ids[6]);
        ids[7] = post();
        vm.prank(renter);
        jobs.cancelJob(ids[7]);
        for (uint256 i = 0; i < 9; i++) {
            assertEq(uint256(jobs.jobOf(ids[i]).status), i, "status");
        }
    }

    /* READING */

    function assertStatus(uint256 jobId, IJobMarketplace.JobStatus expected) internal view {
        assertEq(uint256(jobs.jobOf(jobId).status), uint256(expected), "status");
    }

    function owed(address account, address asset) internal view returns (uint256) {
        return IPullPayments(address(escrow)).withdrawable(account, asset);
    }

    function expectWrongStatus(uint256 jobId) internal {
        vm.expectRevert(
            abi.encodeWithSelector(
                IJobMarketplace.JobMarketplace_WrongStatus.selector, jobId, uint256(jobs.jobOf(jobId).status)
            )
        );
    }

    function expectUnauthorized(address caller) internal {
        vm.expectRevert(abi.encodeWithSelector(IJobMarketplace.JobMarketplace_Unauthorized.selector, caller));
    }

    function expectOutOfRange(uint256 value, uint256 min, uint256 max) internal {
        vm.expectRevert(abi.encodeWithSelector(IJobMarketplace.JobMarketplace_OutOfRange.selector, value, min, max));
    }

    function expectWrongHost(address account) internal {
        vm.expectRevert(abi.encodeWithSelector(IJobMarketplace.JobMarketplace_WrongHost.selector, account));
    }

    function expectNotOffered(address account) internal {
        vm.expectRevert(abi.encodeWithSelector(IJobMarketplace.JobMarketplace_NotOffered.selector, account));
    }
}

/// @notice Answers what a test says, as a reputation system and as a proof system.
contract Oracle {
    mapping(address host => uint256) public getReputation;
    mapping(uint256 jobId => bytes32) public proven;

    function setReputation(address host, uint256 score) external {
        getReputation[host] = score;
    }

    function prove(uint256 jobId, bytes32 result) external {
        proven[jobId] = result;
    }

    function isProven(address jobs, uint256 jobId, bytes32 result) external view returns (bool) {
        return jobs == msg.sender && proven[jobId] == result;
    }
}

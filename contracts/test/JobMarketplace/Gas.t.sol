// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarketplace} from "../../src/interfaces/IJobMarketplace.sol";
import {vm} from "../utils/Vm.sol";
import {JobMarketplaceTest} from "./JobMarketplaceTest.sol";

contract JobMarketplaceGasTest is JobMarketplaceTest {
    /// forge-config: default.isolate = true
    function test_Gas_OneLife() external {
        post();
        uint256 jobId = post();
        record("post, token");
        vm.prank(renter);
        jobs.postJob{value: 1 ether}(details(), requirements(), COIN, 1 ether);
        record("post, coin");
        vm.prank(host);
        jobs.claimJob(jobId);
        record("claim");
        vm.prank(host);
        jobs.submitResult(jobId, RESULT);
        record("submit");
        vm.prank(renter);
        jobs.releasePayment(jobId);
        record("release");
        jobId = claimed();
        vm.prank(host);
        jobs.failJob(jobId);
        record("fail");
        jobId = post();
        vm.prank(renter);
        jobs.cancelJob(jobId);
        record("cancel");
    }

    /// forge-config: default.isolate = true
    function test_Gas_Batches() external {
        IJobMarketplace.Posting[] memory postings = new IJobMarketplace.Posting[](10);
        for (uint256 i = 0; i < 10; i++) {
            postings[i] = IJobMarketplace.Posting(details(), requirements(), address(token), PAYMENT);
        }
        vm.prank(renter);
        uint256[] memory ids = jobs.postJobs(postings);
        record("post ten");
        for (uint256 i = 0; i < 10; i++) {
            vm.prank(host);
            jobs.claimJob(ids[i]);
            vm.prank(host);
            jobs.submitResult(ids[i], RESULT);
        }
        vm.prank(renter);
        jobs.releasePayments(ids);
        record("release ten");
    }

    /// @dev A host's long texts are its own affair: a claim copies none of them.
    /// forge-config: default.isolate = true
    function test_Gas_DoesNotDependOnMetadata() external {
        (uint256 first, uint256 second) = (post(), post());
        vm.prank(host);
        jobs.claimJob(first);
        uint256 short = vm.lastCallGas().gasTotalUsed;
        bytes memory long = new bytes(4096);
        for (uint256 i = 0; i < long.length; i++) {
            long[i] = "x";
        }
        vm.prank(other);
        registry.update(signer, "https://host.example", string(long), publicKey());
        vm.prank(other);
        jobs.claimJob(second);
        assertEq(vm.lastCallGas().gasTotalUsed, short);
    }

    function record(string memory what) private {
        vm.snapshotGasLastCall("JobMarketplace", what);
    }
}

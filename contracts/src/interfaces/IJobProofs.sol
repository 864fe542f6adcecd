// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title IJobProofs
/// @notice What JobMarketplace asks of a proof system.
interface IJobProofs {
    /// @notice Whether a proof was verified that `result` is the answer to this job.
    /// @param jobs The job's contract.
    /// @param result Content id.
    function isProven(address jobs, uint256 jobId, bytes32 result) external view returns (bool);
}

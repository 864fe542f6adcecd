// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IBuyback} from "./interfaces/IBuyback.sol";
import {IStaking} from "./interfaces/IStaking.sol";
import {ISwapRouter02, IUniswapV3Factory, IUniswapV3Pool} from "./interfaces/IUniswapV3.sol";
import {TickLib} from "./libraries/TickLib.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Buyback
/// @notice Buys FAB with what the treasury allots; `IBuyback` says what each call does.
/// @dev Behind an ERC-1967 proxy; the owner upgrades it. It holds the treasury's money only, and only until it is spent.
contract Buyback is IBuyback, Initializable, UUPSUpgradeable, Ownable2Step, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /* IMMUTABLES: of the implementation */

    uint256 private constant BPS = 10_000;

    /// @notice What is bought.
    address public immutable fab;
    /// @notice Whose stakers share in it.
    address public immutable staking;
    /// @notice Uniswap's SwapRouter02.
    address public immutable router;
    /// @dev The router's, which the coin is wrapped into.
    address private immutable _WETH;
    address private immutable _FACTORY;

    /* STORAGE */

    Settings private _settings;
    mapping(address token => Route) private _routes;
    /// @inheritdoc IBuyback
    mapping(address token => uint256) public override lastAt;
    /// @inheritdoc IBuyback
    mapping(address account => bool) public override isKeeper;

    /* CONSTRUCTION */

    /// @param fab_ FAB; must burn as ERC20Burnable.
    /// @param staking_ Takes the stakers' part.
    /// @param router_ Uniswap's SwapRouter02; names its factory and the wrapped coin.
    constructor(address fab_, address staking_, address router_) Ownable(address(this)) {
        if (fab_ == address(0) || staking_ == address(0) || router_ == address(0)) revert Buyback_ZeroAddress();
        (fab, staking, router) = (fab_, staking_, router_);
        _WETH = ISwapRouter02(router_).WETH9();
        _FACTORY = ISwapRouter02(router_).factory();
        _disableInitializers();
    }

    /// @notice Sets a new proxy up.
    /// @param owner_ Governs and upgrades it.
    function initialize(address owner_, Settings calldata settings_) external initializer {
        if (owner_ == address(0)) revert Buyback_ZeroAddress();
        _transferOwnership(owner_);
        _setSettings(settings_);
    }

    /// @notice Takes the treasury's coin.
    receive() external payable {}

    /* BUYING */

    /// @inheritdoc IBuyback
    function buyback(address token, uint256 amount, uint256 minOut, uint256 deadline)
        external
        override
        nonReentrant
        returns (uint256 bought)
    {
        if (!isKeeper[msg.sender]) revert Buyback_Unauthorized(msg.sender);
        if (block.timestamp > deadline) revert Buyback_Expired(deadline);
        Route memory route = _checkRoute(token, amount);
        lastAt[token] = block.timestamp;

        uint256 expected = quote(token, amount);
        uint256 slack = expected * _settings.maxDeviationBps / BPS;
        bought = _swap(token, route.fee, amount, Math.max(minOut, expected - slack));
        // A price too good to be true is as little the market's as one too bad.
        if (bought > expected + slack) revert Buyback_PriceOff(bought, expected);
        _share(token, amount, bought);
    }

    /* GOVERNANCE */

    /// @inheritdoc IBuyback
    function setRoute(address token, Route calldata route) external override onlyOwner {
        address pool;
        if (route.fee != 0) {
            pool = _pool(token, route.fee);
            if (pool == address(0)) revert Buyback_NoPool(token, route.fee);
        }
        _routes[token] = route;
        emit RouteSet(token, route.fee, route.minimum, route.threshold, pool);
    }

    /// @inheritdoc IBuyback
    function setSettings(Settings calldata settings_) external override onlyOwner {
        _setSettings(settings_);
    }

    /// @inheritdoc IBuyback
    function setKeeper(address keeper, bool allowed) external override onlyOwner {
        isKeeper[keeper] = allowed;
        emit KeeperSet(keeper, allowed);
    }

    function _authorizeUpgrade(address) internal override onlyOwner {}

    /* VIEWS */

    /// @inheritdoc IBuyback
    function quote(address token, uint256 amount) public view override returns (uint256) {
        address pool = _pool(token, _routeOf(token).fee);
        uint32 window = _settings.window;
        uint32[] memory secondsAgo = new uint32[](2);
        secondsAgo[0] = window;
        (int56[] memory cumulative,) = IUniswapV3Pool(pool).observe(secondsAgo);
        int256 sum = cumulative[1] - cumulative[0];
        int256 mean = sum / int256(uint256(window));
        // Rounded down, as ticks are.
        if (sum < 0 && sum % int256(uint256(window)) != 0) mean--;
        return TickLib.worth(amount, _wrapped(token) < fab ? mean : -mean);
    }

    /// @inheritdoc IBuyback
    function routeOf(address token) external view override returns (Route memory) {
        return _routes[token];
    }

    /// @inheritdoc IBuyback
    function settings() external view override returns (Settings memory) {
        return _settings;
    }

    /* INTERNAL */

    function _checkRoute(address token, uint256 amount) private view returns (Route memory route) {
        route = _routeOf(token);
        uint256 balance = token == address(0) ? address(this).balance : IERC20(token).balanceOf(address(this));
        if (amount < route.minimum || amount > balance) {
            revert Buyback_AmountOutOfRange(amount, route.minimum, balance);
        }
        uint256 next = lastAt[token] + _settings.interval;
        if (block.timestamp < next && balance < route.threshold) revert Buyback_TooEarly(next);
    }

    function _swap(address token, uint24 fee, uint256 amount, uint256 minOut) private returns (uint256) {
        ISwapRouter02.ExactInputSingleParams memory params = ISwapRouter02.ExactInputSingleParams({
            tokenIn: _wrapped(token),
            tokenOut: fab,
            fee: fee,
            recipient: address(this),
            amountIn: amount,
            amountOutMinimum: minOut,
            sqrtPriceLimitX96: 0
        });
        if (token == address(0)) return ISwapRouter02(router).exactInputSingle{value: amount}(params);
        IERC20(token).forceApprove(router, amount);
        return ISwapRouter02(router).exactInputSingle(params);
    }

    /// @dev All FAB here, so that none is left behind.
    function _share(address token, uint256 spent, uint256 bought) private {
        uint256 total = IERC20(fab).balanceOf(address(this));
        uint256 burned = total * _settings.burnBps / BPS;
        emit BoughtBack(token, spent, bought, burned, total - burned);
        ERC20Burnable(fab).burn(burned);
        IERC20(fab).safeTransfer(staking, total - burned);
        IStaking(staking).distribute(fab);
    }

    function _setSettings(Settings calldata s) private {
        _checkRange(s.burnBps, 0, BPS);
        _checkRange(s.maxDeviationBps, 10, 1000);
        _checkRange(s.window, 5 minutes, 1 days);
        _checkRange(s.interval, 1 hours, 90 days);
        _settings = s;
        emit SettingsSet(s.burnBps, s.maxDeviationBps, s.window, s.interval);
    }

    function _checkRange(uint256 value, uint256 min, uint256 max) private pure {
        if (value < min || value > max) revert Buyback_OutOfRange(value, min, max);
    }

    function _routeOf(address token) private view returns (Route memory route) {
        route = _routes[token];
        if (route.fee == 0) revert Buyback_NoRoute(token);
    }

    function _pool(address token, uint24 fee) private view returns (address) {
        return IUniswapV3Factory(_FACTORY).getPool(_wrapped(token), fab, fee);
    }

    function _wrapped(address token) private view returns (address) {
        return token == address(0) ? _WETH : token;
    }
}

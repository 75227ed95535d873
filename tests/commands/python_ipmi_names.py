"""How python-ipmi names the fields of the messaging commands: ours first, ``group.bit`` where it groups bits.

Its classes are called as ours with ``Req`` and ``Rsp`` behind; those that it lacks are missing here.
"""

ENABLES = {
    "receive_message_queue_interrupt": "enables.receive_message_queue_interrupt",
    "event_message_buffer_interrupt": "enables.event_message_buffer_full_interrupt",
    "event_message_buffer": "enables.event_message_buffer",
    "event_logging": "enables.system_event_logging",
    "oem_0": "enables.oem_0",
    "oem_1": "enables.oem_1",
    "oem_2": "enables.oem_2",
}
ACCESS = {
    "ipmi_messaging": "channel_access.ipmi_msg",
    "link_authentication": "channel_access.link_auth",
    "callback_only": "channel_access.callback",
}
USER = {"user_id": "userid.userid"}

NAMES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "SetBmcGlobalEnables": (ENABLES, {}),
    "GetBmcGlobalEnables": ({}, ENABLES),
    "ClearMessageFlags": (
        {
            "receive_message_queue": "clear.receive_message_queue",
            "event_message_buffer": "clear.event_message_buffer",
            "watchdog_pre_timeout": "clear.watchdog_pretimeout_interrupt_flag",
            "oem_0": "clear.oem_0",
            "oem_1": "clear.oem_1",
            "oem_2": "clear.oem_2",
        },
        {},
    ),
    "GetMessageFlags": (
        {},
        {
            "receive_message_available": "flag.receive_message_available",
            "event_message_buffer_full": "flag.event_message_buffer_full",
            "watchdog_pre_timeout": "flag.watchdog_pretimeout_interrupt_occurred",
            "oem_0": "flag.oem_0",
            "oem_1": "flag.oem_1",
            "oem_2": "flag.oem_2",
        },
    ),
    "EnableMessageChannelReceive": (
        {"channel": "channel.number", "state": "channel.state"},
        {"channel": "channel.number", "enabled": "channel.state"},
    ),
    "GetMessage": (
        {},
        {"channel": "channel.number", "inferred_privilege": "channel.privilege_level", "message": "data"},
    ),
    "SendMessage": (
        {
            "channel": "channel.number",
            "authenticated": "channel.authenticated",
            "encrypted": "channel.encrypted",
            "tracking": "channel.tracking",
            "message": "data",
        },
        {"message": "data"},
    ),
    "ReadEventMessageBuffer": ({}, {"record": "event_data"}),
    "MasterWriteRead": (
        {
            "bus_type": "bus_id.type",
            "bus_id": "bus_id.id",
            "channel": "bus_id.channel",
            "address": "bus_id.slave_address",
            "count": "read_count",
            "data": "data",
        },
        {"data": "data"},
    ),
    "GetChannelAuthenticationCapabilities": (
        {"channel": "channel.number", "extended": "channel.type", "privilege": "privilege_level.requested"},
        {
            "channel": "channel_number",
            "none": "support.none",
            "md2": "support.md2",
            "md5": "support.md5",
            "straight": "support.straight",
            "oem": "support.oem_proprietary",
            "extended": "support.ipmi_2_0",
            "anonymous_login": "status.anonymous_login_enabled",
            "null_users": "status.anonymous_login_null_user",
            "named_users": "status.anonymous_login_non_null",
            "user_level_authentication_disabled": "status.user_level",
            "per_message_authentication_disabled": "status.per_message",
            "kg": "status.kg",
            "ipmi15_connections": "extended_capabilities.1_5",
            "ipmi20_connections": "extended_capabilities.2_0",
            "oem_maker": "oem_id",
            "oem_auxiliary": "oem_auxiliary_data",
        },
    ),
    "GetChannelInfo": (
        {"channel": "channel.number"},
        {
            "channel": "channel.number",
            "medium": "medium.type",
            "protocol": "protocol.type",
            "active_sessions": "session.active_count",
            "session_support": "session.support",
            "vendor": "vendor_id",
            "auxiliary": "auxiliary_info",
        },
    ),
    "GetSessionChallenge": (
        {"authentication": "authentication.type", "user_name": "user_name"},
        {"session_id": "temporary_session_id", "challenge": "challenge_string"},
    ),
    "ActivateSession": (
        {
            "authentication": "authentication.type",
            "privilege": "privilege_level.maximum_requested",
            "challenge": "challenge_string",
            "outbound_sequence": "initial_outbound_sequence_number",
        },
        {
            "authentication": "authentication.type",
            "session_id": "session_id",
            "inbound_sequence": "initial_inbound_sequence_number",
            "privilege": "privilege_level.maximum_allowed",
        },
    ),
    "SetSessionPrivilegeLevel": (
        {"privilege": "privilege_level.requested"},
        {"privilege": "privilege_level.new"},
    ),
    "CloseSession": ({"session_id": "session_id"}, {}),
    "SetUserName": (USER | {"user_name": "user_name"}, {}),
    "GetUserName": (USER, {"user_name": "user_name"}),
    "SetUserPassword": (
        USER | {"long": "userid.password_size", "operation": "operation.operation", "password": "password"},
        {},
    ),
    "GetUserAccess": (
        USER | {"channel": "channel.channel_number"},
        {
            "most_users": "max_user.max_user",
            "enabled_users": "enabled_user.count",
            "enable_status": "enabled_user.status",
            "fixed_names": "fixed_names.count",
            "privilege_limit": "channel_access.privilege",
        }
        | ACCESS,
    ),
    "SetUserAccess": (
        USER
        | {
            "channel": "channel_access.channel_number",
            "change_rights": "channel_access.enable_change",
            "privilege_limit": "privilege.privilege_level",
            "session_limit": "session_limit.simultaneous_session_limit",
        }
        | ACCESS,
        {},
    ),
}

package sandbox

import (
	"strings"

	"riposte.dev/sandbox/wire"
)

// logsService answers for CloudWatch Logs: groups, streams, events and
// subscription filters
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html).
// Actions are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html.
func logsService() *service {
	of := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: logsResource, handle: handle}
	}
	data := func(name string, handle func(*call) (wire.Object, error)) operation {
		op := of(name, handle)
		op.data = true
		return op
	}
	filter := data("FilterLogEvents", filterLogEvents)
	filter.resources = groupOfLogs
	subscribe := of("PutSubscriptionFilter", putSubscriptionFilter)
	subscribe.also = passes("roleArn")
	create := of("CreateLogGroup", createLogGroup)
	create.also = func(c *call) []need {
		if len(c.in.object("tags")) == 0 {
			return nil
		}
		return []need{{"logs:TagResource", c.arn("log-group:" + c.logsGroupName())}}
	}
	return &service{
		name: "logs", prefix: "logs",
		operations: []operation{
			create,
			of("DeleteLogGroup", deleteLogGroup),
			of("DescribeLogGroups", describeLogGroups),
			of("CreateLogStream", createLogStream),
			of("DescribeLogStreams", describeLogStreams),
			of("PutRetentionPolicy", putRetentionPolicy),
			of("DeleteRetentionPolicy", deleteRetentionPolicy),
			{name: "ListTagsForResource", resources: taggedLogs, handle: listLogsTags},
			data("PutLogEvents", putLogEvents),
			data("GetLogEvents", getLogEvents),
			filter,
			subscribe,
			of("DescribeSubscriptionFilters", describeSubscriptionFilters),
			of("DeleteSubscriptionFilter", deleteSubscriptionFilter),
			{name: "PutResourcePolicy", handle: putLogsPolicy},
			{name: "DescribeResourcePolicies", handle: describeLogsPolicies},
		},
		setup: func(s *Sandbox) { s.receiver("logs", s.takeLogs) },
	}
}

// logsResource is the ARN that permissions are checked on: the stream, of an
// empty name where the call is about the group.
func logsResource(c *call) []string {
	return []string{c.arn("log-group:" + c.logsGroupName() + ":log-stream:" + c.in.str("logStreamName"))}
}

func groupOfLogs(c *call) []string {
	return []string{c.arn("log-group:" + c.logsGroupName() + ":log-stream:")}
}

// logsGroupName is the group of the input, by its name or ARN.
func (c *call) logsGroupName() string {
	if _, _, name, ok := cutARN(c.in.str("logGroupIdentifier"), "logs", "log-group:"); ok {
		return strings.TrimSuffix(name, ":*")
	}
	return orElse(c.in.str("logGroupName"), c.in.str("logGroupIdentifier"))
}

func (c *call) logs() *logsState {
	return stateOf(c, stateKey{"logs", c.account.id, c.region}, newLogsState)
}

// logsGroup is the group that the input is about.
func (c *call) logsGroup() (*logsGroup, error) {
	g := c.logs().byName[c.logsGroupName()]
	if g == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
	}
	return g, nil
}

// logsStream is the stream that the input is about.
func (c *call) logsStream() (*logsGroup, *logsStream, error) {
	g, err := c.logsGroup()
	if err != nil {
		return nil, nil, err
	}
	st := g.streams[c.in.str("logStreamName")]
	if st == nil {
		return nil, nil, wire.Errorf("ResourceNotFoundException", "The specified log stream does not exist.")
	}
	return g, st, nil
}

func invalidParameter(format string, args ...any) *wire.Error {
	return wire.Errorf("InvalidParameterException", format, args...)
}

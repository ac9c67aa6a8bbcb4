package sandbox

import (
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

// flowLog would write down the traffic of a VPC.
type flowLog struct {
	id, vpc, traffic, kind, destination, group, role string
	format                                           string
	interval                                         int
	files                                            input // how they are written in a bucket
	created                                          time.Time
	tags                                             map[string]string // never changed
}

// flowLogOperations know the flow logs of VPCs
// (https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html).
func flowLogOperations() []operation {
	created := func(c *call) []string {
		out := []string{c.arn("vpc-flow-log/*")}
		for _, id := range c.in.strs("ResourceIds") {
			out = append(out, c.arn("vpc/"+id))
		}
		return out
	}
	deleted := func(c *call) []string {
		var out []string
		for _, id := range c.in.strs("FlowLogIds") {
			out = append(out, c.arn("vpc-flow-log/"+id))
		}
		return out
	}
	return []operation{
		{name: "CreateFlowLogs", resources: created, also: flowLogNeeds, passedTo: "vpc-flow-logs.amazonaws.com", handle: createFlowLogs, record: wrapped()},
		{name: "DescribeFlowLogs", handle: describeFlowLogs, record: wrapped()},
		{name: "DeleteFlowLogs", resources: deleted, also: deliveryNeeds, handle: deleteFlowLogs, record: wrapped()},
	}
}

const toBucket = "s3"

// defaultLogFormat is what a line has where the request doesn't say.
const defaultLogFormat = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} " +
	"${start} ${end} ${action} ${log-status}"

// flowLogNeeds are what the delivery takes: the role that writes into a log
// group, or a delivery into a bucket.
func flowLogNeeds(c *call) []need {
	if c.in.str("LogDestinationType") == toBucket {
		return []need{{"logs:CreateLogDelivery", "*"}}
	}
	return passes("DeliverLogsPermissionArn")(c)
}

func deliveryNeeds(c *call) []need {
	for _, l := range c.ec2().flowLogs {
		if l.kind == toBucket && slices.Contains(c.in.strs("FlowLogIds"), l.id) {
			return []need{{"logs:DeleteLogDelivery", "*"}}
		}
	}
	return nil
}

func unsuccessful(id, code, message string) wire.Object {
	return wire.Object{"ResourceId": id, "Error": wire.Object{"Code": code, "Message": message}}
}

// createFlowLogs answers what it can't do for one VPC in Unsuccessful, as AWS
// does.
func createFlowLogs(c *call) (wire.Object, error) {
	kind := orElse(c.in.str("LogDestinationType"), "cloud-watch-logs")
	switch {
	case c.in.str("ResourceType") != "VPC":
		return nil, c.fail(wire.Invalid, "The sandbox keeps flow logs of VPCs only, not of %s.", c.in.str("ResourceType"))
	case c.in.str("TrafficType") == "":
		return nil, c.fail(wire.MissingParameter, "The request must contain the parameter TrafficType")
	case kind == "cloud-watch-logs" && !c.in.has("DeliverLogsPermissionArn"):
		return nil, wire.Errorf("InvalidParameter", "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.")
	}
	tags, err := c.tagsFor("vpc-flow-log")
	if err != nil {
		return nil, err
	}
	n, ids, failed := c.ec2(), []string{}, wire.List{}
	for _, vpc := range c.in.strs("ResourceIds") {
		l := &flowLog{
			id: c.sb.ec2ID("fl-"), vpc: vpc, traffic: c.in.str("TrafficType"), kind: kind, destination: c.in.str("LogDestination"),
			group: c.in.str("LogGroupName"), role: c.in.str("DeliverLogsPermissionArn"), created: c.time.UTC(), tags: tags,
			format: orElse(c.in.str("LogFormat"), defaultLogFormat), interval: c.in.number("MaxAggregationInterval", 600),
			files: c.in.object("DestinationOptions"),
		}
		same := func(o *flowLog) bool {
			return o.vpc == l.vpc && o.traffic == l.traffic && o.destination == l.destination && o.group == l.group
		}
		switch {
		case n.vpc(vpc) == nil:
			failed = append(failed, unsuccessful(vpc, "InvalidVpcId.NotFound", "The vpc ID '"+vpc+"' does not exist"))
		case slices.ContainsFunc(n.flowLogs, same):
			failed = append(failed, unsuccessful(vpc, "FlowLogAlreadyExists", "Error. There is an existing Flow Log with the same configuration and log destination."))
		default:
			n.flowLogs, ids = append(n.flowLogs, l), append(ids, l.id)
		}
	}
	return wire.Object{"FlowLogIds": strList(ids), "Unsuccessful": failed}, nil
}

func describeFlowLogs(c *call) (wire.Object, error) {
	c.in["Filters"] = c.in["Filter"] // its name in this operation
	found, err := filtered(c, c.ec2().flowLogs, func(l *flowLog) ec2Attributes {
		return ec2Attributes{"flow-log-id": {l.id}, "resource-id": {l.vpc}, "traffic-type": {l.traffic}, "log-destination-type": {l.kind}}.tagged(l.tags)
	})
	if err != nil {
		return nil, err
	}
	return ec2Page(c, found, "FlowLogs", func(l *flowLog) any {
		out := wire.Object{
			"FlowLogId": l.id, "FlowLogStatus": "ACTIVE", "ResourceId": l.vpc, "TrafficType": l.traffic, "LogDestinationType": l.kind,
			"CreationTime": l.created, "DeliverLogsStatus": "SUCCESS", "Tags": tagList(l.tags),
			"LogFormat": l.format, "MaxAggregationInterval": l.interval,
		}
		if l.kind == toBucket {
			out["DestinationOptions"] = wire.Object{
				"FileFormat": orElse(l.files.str("FileFormat"), "plain-text"), "HiveCompatiblePartitions": l.files.flag("HiveCompatiblePartitions", false),
				"PerHourPartition": l.files.flag("PerHourPartition", false),
			}
		}
		put(out, "LogDestination", l.destination)
		put(out, "LogGroupName", l.group)
		put(out, "DeliverLogsPermissionArn", l.role)
		return out
	})
}

func deleteFlowLogs(c *call) (wire.Object, error) {
	n, failed := c.ec2(), wire.List{}
	for _, id := range c.in.strs("FlowLogIds") {
		i := slices.IndexFunc(n.flowLogs, func(l *flowLog) bool { return l.id == id })
		if i < 0 {
			failed = append(failed, unsuccessful(id, "InvalidFlowLogId.NotFound", "FlowLog '"+id+"' does not exist"))
			continue
		}
		n.flowLogs = slices.Delete(slices.Clone(n.flowLogs), i, i+1)
	}
	return wire.Object{"Unsuccessful": failed}, nil
}

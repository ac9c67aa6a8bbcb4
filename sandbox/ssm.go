package sandbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// ssmService answers for documents, and for Run Command and Automation, which
// run nothing: commands and automations have succeeded at once, or as
// [Account.AnswerCommands] says, on whatever instances and by whatever documents
// they name
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html).
// Actions are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html.
func ssmService() *service {
	return &service{
		name: "ssm", prefix: "ssm",
		operations: slices.Concat(documentOperations(), stateManagerOperations(), []operation{
			{name: "SendCommand", resources: commandResources, also: passes("ServiceRoleArn"), handle: sendCommand},
			{name: "ListCommands", handle: listCommands},
			{name: "ListCommandInvocations", handle: listCommandInvocations},
			{name: "DescribeInstanceInformation", handle: describeManagedInstances},
			{name: "DescribeAutomationExecutions", handle: listAutomations},
			{name: "StartAutomationExecution", resources: automationDefinition, also: passesAutomationRole, writes: true, handle: startAutomation},
			{name: "GetAutomationExecution", resources: automationResource, handle: getAutomation},
		}),
	}
}

// ssmState is what an account has in a region. Of commands and automations the
// oldest go first.
type ssmState struct {
	commands     []wire.Object // Command structures
	automations  []*automation
	documents    []*document
	associations []association
	settings     map[string]serviceSetting // what is not as in a new account, by id
	answers      map[string]string         // status in which commands and automations end, by document; shared by all views
}

type automation struct {
	id, token string
	describe  wire.Object // AutomationExecution structure
	tags      []string    // keys
}

// maxRuns bounds the commands, and the automations, of an ssmState.
const maxRuns = 1000

func newSSMState() *ssmState {
	return &ssmState{settings: map[string]serviceSetting{}, answers: map[string]string{}}
}

// clone copies the lists of commands and automations only: what is in them never changes.
func (s *ssmState) clone() stater {
	out := &ssmState{commands: slices.Clone(s.commands), automations: slices.Clone(s.automations), associations: slices.Clone(s.associations), settings: maps.Clone(s.settings), answers: s.answers}
	for _, d := range s.documents {
		c := *d
		c.shared, c.tags = maps.Clone(d.shared), maps.Clone(d.tags)
		out.documents = append(out.documents, &c)
	}
	return out
}

func (c *call) ssm() *ssmState {
	return stateOf(c, stateKey{"ssm", c.account.id, c.region}, newSSMState)
}

// newest is a list without its oldest entries.
func newest[T any](list []T, most int) []T { return list[max(0, len(list)-most):] }

// commandResources are the document and the instances of a command; with
// targets, all instances.
func commandResources(c *call) []string {
	name := c.in.str("DocumentName")
	owner := c.account.id
	if strings.HasPrefix(name, "AWS-") {
		owner = ""
	}
	document := arn("ssm", c.region, owner, "document/"+name)
	if isARN(name) {
		document = name
	}
	out := []string{document}
	for _, id := range c.in.strs("InstanceIds") {
		out = append(out, arn("ec2", c.region, c.account.id, "instance/"+id))
	}
	if len(c.in.objects("Targets")) > 0 {
		out = append(out, arn("ec2", c.region, c.account.id, "instance/*"))
	}
	return out
}

func sendCommand(c *call) (wire.Object, error) {
	instances, targets := c.in.strs("InstanceIds"), c.in.objects("Targets")
	if (len(instances) > 0) == (len(targets) > 0) {
		return nil, c.fail(wire.Invalid, "Specify either InstanceIds or Targets, not both and not neither.")
	}
	now, status := c.time.UTC(), c.ending(c.in.str("DocumentName"))
	timeout := c.in.number("TimeoutSeconds", 3600)
	command := wire.Object{
		"CommandId": c.sb.newUUID(), "RequestedDateTime": now, "ExpiresAfter": now.Add(time.Duration(timeout) * time.Second), "TimeoutSeconds": int64(timeout),
		"DocumentVersion": "$DEFAULT", "Comment": "", "MaxConcurrency": "50", "MaxErrors": "0", "Status": status, "StatusDetails": status,
		"InstanceIds": wire.List{}, "Targets": wire.List{}, "TargetCount": int64(len(instances)), "CompletedCount": int64(len(instances)),
		"ErrorCount": int64(0), "DeliveryTimedOutCount": int64(0), "ServiceRole": c.in.str("ServiceRoleArn"),
	}
	for _, member := range []string{
		"DocumentName", "DocumentVersion", "Comment", "Parameters", "InstanceIds", "Targets", "MaxConcurrency", "MaxErrors", "NotificationConfig",
		"CloudWatchOutputConfig", "OutputS3Region", "OutputS3BucketName", "OutputS3KeyPrefix",
	} {
		if v := c.in[member]; v != nil {
			command[member] = v
		}
	}
	runs := c.ssm()
	runs.commands = newest(append(runs.commands, command), maxRuns)
	return wire.Object{"Command": command}, nil
}

// listCommands lists the latest first.
func listCommands(c *call) (wire.Object, error) {
	want := map[string]string{}
	for _, f := range c.in.objects("Filters") {
		want[f.str("key")] = f.str("value")
	}
	var found []wire.Object
	for _, command := range slices.Backward(c.ssm().commands) {
		in := input(command)
		switch {
		case c.in.has("CommandId") && in.str("CommandId") != c.in.str("CommandId"),
			c.in.has("InstanceId") && !slices.Contains(in.strs("InstanceIds"), c.in.str("InstanceId")),
			want["DocumentName"] != "" && in.str("DocumentName") != want["DocumentName"],
			want["Status"] != "" && in.str("Status") != want["Status"]:
			continue
		}
		found = append(found, command)
	}
	if c.in.has("CommandId") && len(found) == 0 {
		return nil, wire.Errorf("InvalidCommandId", "The command %s does not exist.", c.in.str("CommandId"))
	}
	page, next, err := paginate(c, found, c.in.str("NextToken"), c.in.number("MaxResults", 50))
	if err != nil {
		return nil, wire.Errorf("InvalidNextToken", "The specified token isn't valid.")
	}
	out := wire.Object{"Commands": list(page, func(o wire.Object) any { return o })}
	put(out, "NextToken", next)
	return out, nil
}

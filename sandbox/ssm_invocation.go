package sandbox

import (
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// AnswerCommands sets the status in which commands and automations by a document
// end from now on, such as Failed or InProgress; Success until then.
func (a *Account) AnswerCommands(region, document, status string) {
	a.sb.mu.Lock()
	defer a.sb.mu.Unlock()
	liveState(a.sb, stateKey{"ssm", a.ID, region}, newSSMState).answers[document] = status
}

// ending is the status in which what runs by a document ends.
func (c *call) ending(document string) string { return orElse(c.ssm().answers[document], "Success") }

// listCommandInvocations lists what was sent to instances by their ids, the
// latest first.
func listCommandInvocations(c *call) (wire.Object, error) {
	want := map[string]string{}
	for _, f := range c.in.objects("Filters") {
		want[f.str("key")] = f.str("value")
	}
	var found []wire.Object
	for _, command := range slices.Backward(c.ssm().commands) {
		in := input(command)
		for _, id := range in.strs("InstanceIds") {
			switch {
			case c.in.has("CommandId") && in.str("CommandId") != c.in.str("CommandId"),
				c.in.has("InstanceId") && id != c.in.str("InstanceId"),
				want["DocumentName"] != "" && in.str("DocumentName") != want["DocumentName"],
				want["Status"] != "" && in.str("Status") != want["Status"]:
				continue
			}
			found = append(found, wire.Object{
				"CommandId": command["CommandId"], "InstanceId": id, "Comment": command["Comment"], "DocumentName": command["DocumentName"],
				"DocumentVersion": command["DocumentVersion"], "RequestedDateTime": command["RequestedDateTime"], "Status": command["Status"],
				"StatusDetails": command["StatusDetails"], "ServiceRole": command["ServiceRole"],
			})
		}
	}
	page, next, err := paginate(c, found, c.in.str("NextToken"), c.in.number("MaxResults", 50))
	if err != nil {
		return nil, wire.Errorf("InvalidNextToken", "The specified token isn't valid.")
	}
	out := wire.Object{"CommandInvocations": list(page, func(o wire.Object) any { return o })}
	put(out, "NextToken", next)
	return out, nil
}

// describeManagedInstances lists the instances that have a profile: their agents
// reach Systems Manager while they run.
func describeManagedInstances(c *call) (wire.Object, error) {
	var ids []string
	for _, f := range append(c.in.objects("Filters"), c.in.objects("InstanceInformationFilterList")...) {
		switch orElse(f.str("Key"), f.str("key")) {
		case "InstanceIds":
			ids = append(ids, append(f.strs("Values"), f.strs("valueSet")...)...)
		default:
			return nil, wire.Errorf("InvalidFilterKey", "The sandbox knows the filter InstanceIds only.")
		}
	}
	n := liveState(c.sb, stateKey{"ec2", c.account.id, c.region}, func() *network { return &network{} })
	var found []wire.Object
	for _, a := range n.profiles {
		i, status := c.managedInstance(a.instance)
		if i == nil || len(ids) > 0 && !slices.Contains(ids, i.id) {
			continue
		}
		found = append(found, wire.Object{
			"InstanceId": i.id, "PingStatus": status, "LastPingDateTime": c.time.UTC(), "AgentVersion": "3.3.987.0", "IsLatestVersion": true,
			"PlatformType": "Linux", "PlatformName": "Amazon Linux", "PlatformVersion": "2023", "ResourceType": "EC2Instance",
		})
	}
	page, next, err := paginate(c, found, c.in.str("NextToken"), c.in.number("MaxResults", 10))
	if err != nil {
		return nil, wire.Errorf("InvalidNextToken", "The specified token isn't valid.")
	}
	out := wire.Object{"InstanceInformationList": list(page, func(o wire.Object) any { return o })}
	put(out, "NextToken", next)
	return out, nil
}

// listAutomations lists the latest first, as its filters say.
func listAutomations(c *call) (wire.Object, error) {
	var found []wire.Object
	for _, a := range slices.Backward(c.ssm().automations) {
		fits := true
		for _, f := range c.in.objects("Filters") {
			fits = fits && slices.ContainsFunc(f.strs("Values"), func(v string) bool {
				switch f.str("Key") {
				case "DocumentNamePrefix":
					return strings.HasPrefix(input(a.describe).str("DocumentName"), v)
				case "ExecutionStatus":
					return input(a.describe).str("AutomationExecutionStatus") == v
				case "ExecutionId":
					return a.id == v
				case "TagKey":
					return slices.Contains(a.tags, v)
				default:
					return true
				}
			})
		}
		if !fits {
			continue
		}
		out := wire.Object{}
		for _, member := range []string{"AutomationExecutionId", "DocumentName", "DocumentVersion", "AutomationExecutionStatus", "ExecutionStartTime", "ExecutionEndTime", "ExecutedBy", "Mode"} {
			out[member] = a.describe[member]
		}
		found = append(found, out)
	}
	page, next, err := paginate(c, found, c.in.str("NextToken"), c.in.number("MaxResults", 50))
	if err != nil {
		return nil, wire.Errorf("InvalidNextToken", "The specified token isn't valid.")
	}
	out := wire.Object{"AutomationExecutionMetadataList": list(page, func(o wire.Object) any { return o })}
	put(out, "NextToken", next)
	return out, nil
}

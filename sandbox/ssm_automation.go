package sandbox

import (
	"slices"

	"riposte.dev/sandbox/wire"
)

func automationDefinition(c *call) []string {
	name := c.in.str("DocumentName")
	if _, _, document, ok := cutARN(name, "ssm", "document/"); ok {
		name = document
	}
	return []string{c.arn("automation-definition/" + name + ":" + orElse(c.in.str("DocumentVersion"), "$DEFAULT"))}
}

func automationResource(c *call) []string {
	return []string{c.arn("automation-execution/" + c.in.str("AutomationExecutionId"))}
}

// passesAutomationRole is the permission to hand a runbook the role that it
// shall assume, and to tag the automation.
func passesAutomationRole(c *call) []need {
	var out []need
	for _, role := range c.in.object("Parameters").strs("AutomationAssumeRole") {
		out = append(out, need{"iam:PassRole", role})
	}
	if len(c.in.objects("Tags")) > 0 {
		out = append(out, need{"ssm:AddTagsToResource", c.arn("automation-execution/*")})
	}
	return out
}

// startAutomation starts one automation per client token.
func startAutomation(c *call) (wire.Object, error) {
	runs, token := c.ssm(), c.in.str("ClientToken")
	if i := slices.IndexFunc(runs.automations, func(a *automation) bool { return token != "" && a.token == token }); i >= 0 {
		old := runs.automations[i]
		if old.describe["DocumentName"] != c.in.str("DocumentName") {
			return nil, wire.Errorf("IdempotentParameterMismatch", "The client token %s was used with other parameters.", token)
		}
		return wire.Object{"AutomationExecutionId": old.id}, nil
	}
	now := c.time.UTC()
	a := &automation{id: c.sb.newUUID(), token: token}
	a.describe = wire.Object{
		"AutomationExecutionId": a.id, "DocumentVersion": "1", "ExecutionStartTime": now, "ExecutionEndTime": now, "AutomationExecutionStatus": c.ending(c.in.str("DocumentName")),
		"StepExecutions": wire.List{}, "StepExecutionsTruncated": false, "Mode": "Auto", "ExecutedBy": c.caller.arn, "Outputs": wire.Object{},
	}
	for _, member := range []string{"DocumentName", "DocumentVersion", "Parameters", "Mode", "TargetParameterName", "Targets", "TargetMaps", "MaxConcurrency", "MaxErrors", "TargetLocations"} {
		if v := c.in[member]; v != nil {
			a.describe[member] = v
		}
	}
	for _, t := range c.in.objects("Tags") {
		a.tags = append(a.tags, t.str("Key"))
	}
	runs.automations = newest(append(runs.automations, a), maxRuns)
	return wire.Object{"AutomationExecutionId": a.id}, nil
}

func getAutomation(c *call) (wire.Object, error) {
	id := c.in.str("AutomationExecutionId")
	for _, a := range c.ssm().automations {
		if a.id == id {
			return wire.Object{"AutomationExecution": a.describe}, nil
		}
	}
	return nil, wire.Errorf("AutomationExecutionNotFoundException", "Automation execution with ID: %s does not exist", id)
}

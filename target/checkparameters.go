package target

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"riposte.dev/conf"
)

// parameters checks the parameters that only one kind of target takes, and that it has those that it needs.
func (c *checker) parameters(kind string) {
	for _, p := range []struct {
		of, field, name string
		given           bool
		needed          bool
	}{
		{"sqs", "sqs_parameters", "SqsParameters", c.SQSParameters != nil, strings.HasSuffix(c.ARN, ".fifo")},
		{"kinesis", "kinesis_parameters", "KinesisParameters", c.KinesisParameters != nil, false},
		{"ssm", "run_command_parameters", "RunCommandParameters", c.RunCommandParameters != nil, true},
		{"ecs", "ecs_parameters", "EcsParameters", c.ECSParameters != nil, true},
		{"http", "http_parameters", "HttpParameters", c.HTTPParameters != nil, false},
	} {
		switch {
		case p.given && p.of != kind:
			c.fail(p.field, "leave it out", notSupported, p.name, c.ID)
		case !p.given && p.of == kind && p.needed:
			c.fail(p.field, "add "+p.field+":", mustBeSpecified, p.name, c.ID)
		}
	}
	if p := c.SQSParameters; p != nil {
		if n := len([]rune(p.MessageGroupID)); n < 1 || n > 100 {
			c.fail("sqs_parameters.message_group_id", "write 1 to 100 characters", "message_group_id has %d characters", n)
		}
		c.dynamic("sqs_parameters.message_group_id", p.MessageGroupID)
	}
	if p := c.KinesisParameters; p != nil {
		c.path("kinesis_parameters.partition_key_path", p.PartitionKeyPath)
	}
	c.runCommand()
	c.ecs()
	c.http()
}

// dynamic checks a parameter that may be a path of the event.
func (c *checker) dynamic(field, value string) {
	if isPath(value) {
		c.path(field, value)
	}
}

func isPath(value string) bool { return strings.HasPrefix(value, "$.") }

func (c *checker) runCommand() {
	p := c.RunCommandParameters
	if p == nil {
		return
	}
	const field = "run_command_parameters.run_command_targets"
	if n := len(p.RunCommandTargets); n < 1 || n > 5 {
		c.fail(field, "write 1 to 5", "there are %d run_command_targets", n)
	}
	for i, t := range p.RunCommandTargets {
		at := fmt.Sprintf("%s[%d]", field, i)
		if t.Key != "InstanceIds" && !strings.HasPrefix(t.Key, "tag:") || len(t.Key) > 128 {
			c.fail(at+".key", `write InstanceIds, or "tag:" and a tag's key`, "%q selects no machines", t.Key)
		}
		if n := len(t.Values); n < 1 || n > 50 {
			c.fail(at+".values", "write 1 to 50", "there are %d values", n)
		}
	}
}

func (c *checker) ecs() {
	p := c.ECSParameters
	if p == nil {
		return
	}
	const field = "ecs_parameters."
	cluster, _ := parseARN(c.ARN)
	task, ok := parseARN(p.TaskDefinitionARN)
	switch {
	case !ok || task.service != "ecs" || !strings.HasPrefix(task.resource, "task-definition/"):
		c.fail(field+"task_definition_arn", "write arn:aws:ecs:eu-west-1:111122223333:task-definition/NAME:1", "%q is not the ARN of a task definition", p.TaskDefinitionARN)
	case task.region != cluster.region:
		c.fail(field+"task_definition_arn", "use a task definition of the cluster's region", "Region of %s does not match region of %s.", c.ARN, p.TaskDefinitionARN)
	}
	if p.TaskCount < 0 || p.TaskCount > 10 {
		c.fail(field+"task_count", "write 1 to 10", "task_count %d is out of range", p.TaskCount)
	}
	c.oneOf(field+"launch_type", p.LaunchType, "EC2", "FARGATE", "EXTERNAL")
	c.oneOf(field+"propagate_tags", p.PropagateTags, "TASK_DEFINITION")
	if p.LaunchType != "" && len(p.CapacityProviderStrategy) > 0 {
		c.fail(field+"launch_type", "keep one of them", "launch_type and capacity_provider_strategy exclude each other")
	}
	if n := p.NetworkConfiguration; n != nil {
		c.oneOf(field+"network_configuration.awsvpc_configuration.assign_public_ip", n.AWSVPCConfiguration.AssignPublicIP, "ENABLED", "DISABLED")
	}
}

func (c *checker) oneOf(field, value string, known ...string) {
	if value != "" && !slices.Contains(known, value) {
		c.fail(field, "write "+strings.Join(known, ", "), "%q is not known", value)
	}
}

func (c *checker) http() {
	p := c.HTTPParameters
	if c.URL != "" {
		have := 0
		if p != nil {
			have = len(p.PathParameterValues)
		}
		if stars := strings.Count(cutAny(c.URL, "?#"), "*"); stars != have {
			c.fail("http_parameters.path_parameter_values", "write one value for each asterisk of the URL", "the URL has %d asterisks, path_parameter_values has %d", stars, have)
		}
	}
	if p == nil {
		return
	}
	for i, v := range p.PathParameterValues {
		c.dynamic(fmt.Sprintf("http_parameters.path_parameter_values[%d]", i), v)
	}
	for _, name := range slices.Sorted(maps.Keys(p.HeaderParameters)) {
		at := conf.FieldPath("http_parameters.header_parameters", name)
		if !headerForm().MatchString(name) || strings.ContainsAny(p.HeaderParameters[name], "\r\n\x00") {
			c.fail(at, "use letters, digits and dashes in the name, and one line as value", "%q is not a header that HTTP allows", name)
		}
		c.dynamic(at, p.HeaderParameters[name])
	}
	for _, name := range slices.Sorted(maps.Keys(p.QueryStringParameters)) {
		c.dynamic(conf.FieldPath("http_parameters.query_string_parameters", name), p.QueryStringParameters[name])
	}
}

// Value returns a parameter: as it is written, or what it names where it is a path of the event ("$." at the beginning).
// Its error is Lookup's.
func Value(parameter string, event []byte) (string, error) {
	if !isPath(parameter) {
		return parameter, nil
	}
	return Lookup(parameter, event)
}

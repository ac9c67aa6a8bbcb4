package target

import "strings"

// Permission is what riposte's role (or the target's role_arn) has to be allowed, for a policy generator.
type Permission struct {
	Actions   []string
	Resources []string
	// Conditions are operator → key → values, as IAM writes them; nil for none.
	Conditions map[string]map[string][]string
	Role       string // the role that makes the call, "" for riposte's own
}

// Permissions lists the IAM permissions that a target, its role and its dead-letter queue need
// (https://docs.aws.amazon.com/service-authorization/latest/reference/). Its error is Config.Kind's.
func Permissions(c *Config) ([]Permission, error) {
	k, err := c.kind()
	if err != nil {
		return nil, err
	}
	var out []Permission
	if c.RoleARN != "" {
		out = append(out, Permission{Actions: []string{"sts:AssumeRole"}, Resources: []string{c.RoleARN}})
	}
	if len(k.actions) > 0 {
		out = append(out, Permission{Actions: k.actions, Resources: k.resources(c), Role: c.RoleARN})
	}
	if k.Name == "ecs" && c.ECSParameters != nil {
		// The task definition's roles are not in the configuration.
		cluster, _ := parseARN(c.ARN)
		out = append(out, Permission{
			Actions: []string{"iam:PassRole"}, Resources: []string{"arn:" + cluster.partition + ":iam::" + cluster.account + ":role/*"}, Role: c.RoleARN,
			Conditions: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {"ecs-tasks.amazonaws.com"}}},
		})
	}
	if c.DeadLetterConfig != nil {
		out = append(out, Permission{Actions: []string{"sqs:SendMessage"}, Resources: []string{c.DeadLetterConfig.ARN}})
	}
	return out, nil
}

// resources are the ARNs that the kind's actions are checked against.
func (k *kind) resources(c *Config) []string {
	switch k.Name {
	case "sms":
		return []string{"*"}
	case "ecs":
		if c.ECSParameters != nil {
			return []string{c.ECSParameters.TaskDefinitionARN}
		}
		return []string{"*"}
	case "logs":
		return []string{strings.TrimSuffix(c.ARN, ":*") + ":*"}
	case "ssm":
		a, _ := parseARN(c.ARN)
		return []string{c.ARN, "arn:" + a.partition + ":ec2:" + a.region + ":*:instance/*"}
	default:
		return []string{c.ARN}
	}
}

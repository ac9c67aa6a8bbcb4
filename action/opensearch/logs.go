package opensearch

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/opensearch/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type logParams struct {
	Domain string   `json:"domain"`
	Group  string   `json:"log_group"`
	Logs   []string `json:"logs,omitempty"`
}

// publishing is which logs of a domain go to which log groups.
type publishing struct {
	Logs   map[string]string `json:"logs"`   // ARNs of log groups by kind; only those that are published
	Active bool              `json:"active"` // not only asked for

	fineGrained bool // access control, without which there are no audit logs
}

// kinds are the logs that the action takes, and OpenSearch's names for them.
var kinds = map[string]types.LogType{"error": types.LogTypeEsApplicationLogs, "audit": types.LogTypeAuditLogs}

// NewPublishLogs returns the action opensearch.publish-logs.
func NewPublishLogs(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[logParams, publishing]{
		Spec: action.Spec{
			Name:  "opensearch.publish-logs",
			Title: "Keep the error and audit logs of a domain",
			Description: "Has a domain write its error logs, or its audit logs, to a log group, whose resource policy must let `es.amazonaws.com` write. OpenSearch may " +
				"move the domain to new nodes for that; it stays usable. Audit logs need fine-grained access control, and are written only once somebody " +
				"switches them on in OpenSearch Dashboards as well. Logs that go somewhere already stay as they are.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["domain", "log_group"], "properties": {
  ` + domainProperty + `,
  "log_group": {"type": "string", "pattern": "^arn:[^:]+:logs:[^:]+:[0-9]{12}:log-group:", "description": "ARN of the log group"},
  "logs": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"enum": ["error", "audit"]}, "description": "which logs; the error logs without this"}}}`),
			Permissions: permissions,
			Effect:      action.StateChecked, TakesSeconds: takes,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p logParams) ([]action.Resource, error) {
			if !strings.Contains(p.Group, ":log-group:") {
				return nil, fault.New(fault.Invalid, "%q is no ARN of a log group", p.Group).
					WithHint(`give {"log_group": "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/opensearch/search"}`)
			}
			for _, kind := range p.Logs {
				if kinds[kind] == "" {
					return nil, fault.New(fault.Invalid, "a domain has no logs of the kind %q", kind).WithHint("give error, audit, or both")
				}
			}
			return findDomain(ctx, cfg, req, domainParams{p.Domain})
		},
		Leave: changing, Service: prefix, Read: readPublishing, Want: wantPublishing,
		Steps: func(r action.Resource, from, to publishing) ([]setting.Step[publishing], error) {
			options := map[string]any{}
			for kind, group := range to.Logs {
				if from.Logs[kind] != group {
					options[kind] = map[string]any{"CloudWatchLogsLogGroupArn": group, "Enabled": true}
				}
			}
			for kind, group := range from.Logs {
				if to.Logs[kind] == "" {
					options[kind] = map[string]any{"CloudWatchLogsLogGroupArn": group, "Enabled": false}
				}
			}
			return update(r, "LogPublishingOptions", options, to)
		},
		Operations: operations,
	})
}

func readPublishing(ctx context.Context, cfg aws.Config, r action.Resource) (publishing, error) {
	now := publishing{Logs: map[string]string{}, Active: true}
	c, err := configOf(ctx, cfg, r)
	if err != nil {
		return now, err
	}
	if o := c.LogPublishingOptions; o != nil {
		now.Active = active(o.Status)
		for kind, log := range o.Options {
			if aws.ToBool(log.Enabled) {
				now.Logs[kind] = aws.ToString(log.CloudWatchLogsLogGroupArn)
			}
		}
	}
	if o := c.AdvancedSecurityOptions; o != nil && o.Options != nil {
		now.fineGrained = aws.ToBool(o.Options.Enabled)
	}
	return now, nil
}

func wantPublishing(_ action.Resource, p logParams, now publishing) (publishing, string, error) {
	wanted := p.Logs
	if len(wanted) == 0 {
		wanted = []string{"error"}
	}
	want := publishing{Logs: maps.Clone(now.Logs), Active: true}
	var lacking []string
	for _, kind := range wanted {
		name := string(kinds[kind])
		if now.Logs[name] != "" {
			continue
		}
		if kind == "audit" && !now.fineGrained {
			return now, "", setting.Escalation("It has no fine-grained access control, without which there are no audit logs: enable that first. The domain moves to new nodes for it.")
		}
		want.Logs[name] = p.Group
		lacking = append(lacking, kind)
	}
	if len(lacking) == 0 {
		return now, "Its logs are kept already.", nil
	}
	slices.Sort(lacking)
	return want, fmt.Sprintf("Its %s logs are kept nowhere.", strings.Join(lacking, " and ")), nil
}

package elb

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// balancerParams name a load balancer.
type balancerParams struct {
	ARN string `json:"load_balancer_arn"`
}

// newSwitch returns an action that sets one attribute.
func newSwitch(caller *awscall.Caller, spec action.Spec, kinds []string, name, value string, fine func(now string) bool, why string) action.Action {
	spec.Parameters = json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["load_balancer_arn"], "properties": {` + balancerSchema + `}}`)
	spec.Permissions, spec.Effect = permissions(), action.StateChecked
	return setting.New(caller, setting.Setting[balancerParams, attributes]{
		Spec: spec,
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p balancerParams) ([]action.Resource, error) {
			return find(ctx, cfg, req, p.ARN, kinds...)
		},
		Leave: leave, Read: read(name),
		Want: func(_ action.Resource, _ balancerParams, now attributes) (attributes, string, error) {
			if fine(now.Attributes[name]) {
				return now, "It is so already: " + name + " is " + now.Attributes[name] + ".", nil
			}
			return attributes{map[string]string{name: value}}, why, nil
		},
		Steps: steps, Operations: operations,
	})
}

func isTrue(now string) bool { return now == "true" }

// NewDropInvalidHeaders returns the action elasticloadbalancing.drop-invalid-headers.
func NewDropInvalidHeaders(caller *awscall.Caller) action.Action {
	return newSwitch(caller, action.Spec{
		Name:  "elasticloadbalancing.drop-invalid-headers",
		Title: "Drop HTTP headers that are not valid",
		Description: "Has an application load balancer take headers out of requests whose names are not valid, by which requests are smuggled. " +
			"Clients whose own headers have other characters than letters, digits and hyphens no longer get them through.",
	}, []string{"app"}, "routing.http.drop_invalid_header_fields.enabled", "true", isTrue, "It hands headers with invalid names to its targets.")
}

// NewEnableDeletionProtection returns the action elasticloadbalancing.enable-deletion-protection.
func NewEnableDeletionProtection(caller *awscall.Caller) action.Action {
	return newSwitch(caller, action.Spec{
		Name:        "elasticloadbalancing.enable-deletion-protection",
		Title:       "Protect a load balancer from deletion",
		Description: "Has a load balancer be deleted only after somebody takes the protection away. What deletes it as a matter of course, such as a stack, fails.",
	}, []string{"app", "net", "gwy"}, "deletion_protection.enabled", "true", isTrue, "Whoever may delete it can do so with one call.")
}

// NewMitigateDesync returns the action elasticloadbalancing.mitigate-desync.
func NewMitigateDesync(caller *awscall.Caller) action.Action {
	return newSwitch(caller, action.Spec{
		Name:  "elasticloadbalancing.mitigate-desync",
		Title: "Refuse requests that desynchronise targets",
		Description: "Has an application load balancer that only watches requests that break HTTP's rules refuse those that are known to be dangerous " +
			"(mode defensive). One in the mode strictest stays in it.",
	}, []string{"app"}, "routing.http.desync_mitigation_mode", "defensive", func(now string) bool { return now == "defensive" || now == "strictest" },
		"It hands on requests that are known to be dangerous.")
}

// logParams say of which load balancer what is logged where.
type logParams struct {
	ARN    string `json:"load_balancer_arn"`
	Bucket string `json:"bucket"`
	Prefix string `json:"prefix,omitempty"`
}

// The attributes of access logs.
const (
	logEnabled = "access_logs.s3.enabled"
	logBucket  = "access_logs.s3.bucket"
	logPrefix  = "access_logs.s3.prefix"
)

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// NewEnableAccessLogs returns the action elasticloadbalancing.enable-access-logs.
func NewEnableAccessLogs(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[logParams, attributes]{
		Spec: action.Spec{
			Name:  "elasticloadbalancing.enable-access-logs",
			Title: "Log who asks a load balancer",
			Description: "Has an application or network load balancer log requests into a bucket, unless it logs them already, wherever to. The bucket must be in " +
				"the load balancer's region, and its policy must let Elastic Load Balancing in; AWS refuses the call otherwise. Network load balancers " +
				"log TLS connections only. The undo ends the logging; what was logged stays.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["load_balancer_arn", "bucket"], "properties": {` + balancerSchema + `,
  "bucket": {"type": "string", "pattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", "description": "name of the bucket"},
  "prefix": {"type": "string", "description": "before the names of the log files"}}}`),
			Permissions: permissions(),
			Effect:      action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p logParams) ([]action.Resource, error) {
			if !bucketName.MatchString(p.Bucket) || strings.Contains(p.Prefix, "AWSLogs") {
				return nil, fault.New(fault.Invalid, "bucket %.100q with prefix %.100q is nowhere that can be logged to", p.Bucket, p.Prefix).
					WithHint(`give {"bucket": "my-logs", "prefix": "web"}; AWS takes no prefix with AWSLogs in it`)
			}
			return find(ctx, cfg, req, p.ARN, "app", "net")
		},
		Leave: leave, Read: readLogs,
		Want: func(_ action.Resource, p logParams, now attributes) (attributes, string, error) {
			if isTrue(now.Attributes[logEnabled]) {
				return now, "It logs into the bucket " + now.Attributes[logBucket] + " already.", nil
			}
			return attributes{map[string]string{logEnabled: "true", logBucket: p.Bucket, logPrefix: p.Prefix}}, "Nothing tells who asked what of it.", nil
		},
		Steps: steps, Operations: operations,
	})
}

// readLogs leaves out where logs went before they were switched off.
func readLogs(ctx context.Context, cfg aws.Config, r action.Resource) (attributes, error) {
	now, err := read(logEnabled, logBucket, logPrefix)(ctx, cfg, r)
	if err == nil && !isTrue(now.Attributes[logEnabled]) {
		delete(now.Attributes, logBucket)
		delete(now.Attributes, logPrefix)
	}
	return now, err
}

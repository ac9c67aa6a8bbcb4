package elb

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"riposte.dev/fault"
)

func noListener(arn string) error {
	return fault.New(fault.NotFound, "there is no listener %s", arn).WithHint("it is gone, or in another region")
}

// spelt are actions with the names of the API, without what is not said.
func spelt(actions []types.Action) ([]map[string]any, error) {
	raw, err := json.Marshal(actions)
	var out []map[string]any
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		return nil, fault.New(fault.Internal, "spell the actions of a listener: %w", err)
	}
	for _, a := range out {
		dropNulls(a)
	}
	return out, nil
}

func dropNulls(o map[string]any) {
	maps.DeleteFunc(o, func(_ string, v any) bool { return v == nil })
	for _, v := range o {
		switch v := v.(type) {
		case map[string]any:
			dropNulls(v)
		case []any:
			for _, e := range v {
				if sub, ok := e.(map[string]any); ok {
					dropNulls(sub)
				}
			}
		}
	}
}

// sameAnswers leaves the order of actions out where there is one action: then it orders nothing, and not everybody names it.
func sameAnswers(a, b answers) bool {
	return reflect.DeepEqual(withoutOrder(a.Actions), withoutOrder(b.Actions))
}

func withoutOrder(actions []map[string]any) []map[string]any {
	if len(actions) != 1 {
		return actions
	}
	only := maps.Clone(actions[0])
	delete(only, "Order")
	return []map[string]any{only}
}

// toHTTPS reports whether actions end in a redirect to HTTPS.
func toHTTPS(actions []map[string]any) bool {
	return slices.ContainsFunc(actions, func(a map[string]any) bool {
		to, _ := a["RedirectConfig"].(map[string]any)
		return a["Type"] == "redirect" && to["Protocol"] == "HTTPS"
	})
}

// doesNow says what actions do that don't end so.
func doesNow(actions []map[string]any) string {
	for _, a := range actions {
		switch a["Type"] {
		case "redirect":
			return "It redirects requests without TLS, but not to HTTPS."
		case "fixed-response":
			answer, _ := a["FixedResponseConfig"].(map[string]any)
			return fmt.Sprintf("It answers requests without TLS by itself, with %v.", answer["StatusCode"])
		}
	}
	return "It hands requests on that come without TLS."
}

// rulesWithout are a listener's rules, beside its default, that hand requests on or redirect them anywhere but to HTTPS.
func rulesWithout(ctx context.Context, cfg aws.Config, listener string) ([]string, error) {
	var out []string
	for p := elb.NewDescribeRulesPaginator(elb.NewFromConfig(cfg), &elb.DescribeRulesInput{ListenerArn: &listener}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, gone(err, "elasticloadbalancing:DescribeRules", listener)
		}
		for _, r := range page.Rules {
			actions, err := spelt(r.Actions)
			if err != nil {
				return nil, err
			}
			answers := slices.ContainsFunc(actions, func(a map[string]any) bool { return a["Type"] == "fixed-response" })
			if !aws.ToBool(r.IsDefault) && !answers && !toHTTPS(actions) {
				out = append(out, ruleName(r))
			}
		}
	}
	return out, nil
}

// ruleName is how people find a rule.
func ruleName(r types.Rule) string {
	var when []string
	for _, c := range r.Conditions {
		values := c.Values
		switch {
		case c.HostHeaderConfig != nil:
			values = c.HostHeaderConfig.Values
		case c.PathPatternConfig != nil:
			values = c.PathPatternConfig.Values
		}
		when = append(when, strings.TrimSpace(aws.ToString(c.Field)+" "+strings.Join(values, " ")))
	}
	return "priority " + aws.ToString(r.Priority) + " (" + strings.Join(when, ", ") + ")"
}

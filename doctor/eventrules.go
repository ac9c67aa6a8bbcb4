package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"riposte.dev/action/awscall"
	"riposte.dev/pattern"
)

// probe is what any rule for CloudTrail calls should catch; it stands in where no enabled rule has a sample.
const probe = `{"version":"0","id":"11111111-2222-3333-4444-555555555555","detail-type":"AWS API Call via CloudTrail","source":"aws.cloudtrail",` +
	`"account":"111122223333","time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],` +
	`"detail":{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","readOnly":false,"managementEvent":true}}`

// globalRegions are where the events of services without a region arrive, such as IAM's
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events).
var globalRegions = map[string]string{"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}

// forwarding is a rule that sends to riposte, or to another bus.
type forwarding struct {
	pattern  *pattern.Pattern // nil: riposte cannot read it
	allCalls bool             // read-only calls too
}

// eventRules looks at the default bus of each region, where AWS's own events arrive.
func (d *doctor) eventRules(ctx context.Context) []Result {
	if !d.EventBridge {
		r := Result{Status: OK, Summary: "Events are not meant to come by EventBridge."}
		return []Result{r, r, r}
	}
	found, errs, err := everywhere(ctx, d, d.forwardings)
	if err != nil {
		var n notes
		n.failed(err)
		r := n.result("", "")
		return []Result{r, r, r}
	}
	var n notes
	for _, region := range slices.Sorted(maps.Keys(errs)) {
		n.failed(fmt.Errorf("%s: %w", region, errs[region]))
	}
	lacks := byRegion{}
	for _, region := range slices.Sorted(maps.Keys(found)) {
		lacks.add(region, d.caught(found[region]))
	}
	lacks.note(&n, Fail, d.putRule)
	return []Result{
		n.result(fmt.Sprintf("The event rules of %d regions send CloudTrail calls to riposte.", len(found)), "Not all CloudTrail calls are sent to riposte."),
		d.globalEvents(ctx, found, errs),
		d.readOnlyEvents(found, errs),
	}
}

// byRegion collects regions by what is wrong in them: most often it is the same everywhere.
type byRegion map[string][]string

func (b byRegion) add(region, problem string) {
	if problem != "" {
		b[problem] = append(b[problem], region)
	}
}

// note tells each problem once, with its regions; next is the command for them.
func (b byRegion) note(n *notes, status Status, next func(regions ...string) string) {
	problems := slices.SortedFunc(maps.Keys(b), func(x, y string) int { return cmp.Or(len(b[y])-len(b[x]), strings.Compare(x, y)) })
	for _, problem := range problems {
		n.add(status, next(b[problem]...), "%s: %s", strings.Join(b[problem], ", "), problem)
	}
}

// putRule is the command that makes one rule for all that the enabled rules need, or makes the rule of that name so, in each
// region.
func (d *doctor) putRule(regions ...string) string {
	kinds, state := []string{"AWS API Call via CloudTrail"}, types.RuleStateEnabled
	for _, r := range d.Rules {
		var sample struct {
			Kind string `json:"detail-type"`
		}
		if json.Unmarshal(r.Sample, &sample) == nil && sample.Kind != "" && !slices.Contains(kinds, sample.Kind) {
			kinds = append(kinds, sample.Kind)
		}
		if r.ReadOnly {
			state = types.RuleStateEnabledWithAllCloudtrailManagementEvents
		}
	}
	region := regions[0]
	if len(regions) > 1 {
		region = "$region"
	}
	command := fmt.Sprintf(`aws events put-rule --region %s --name riposte --state %s --event-pattern '{"detail-type":["%s"]}'`+
		" && aws events put-targets --region %s --rule riposte --targets Id=riposte,Arn=QUEUE_ARN", region, state, strings.Join(kinds, `","`), region)
	if len(regions) > 1 {
		return fmt.Sprintf("for region in %s; do %s; done", strings.Join(regions, " "), command)
	}
	return command
}

// caught says what the rules of one region leave out; "" where nothing.
func (d *doctor) caught(rules []forwarding) string {
	if len(rules) == 0 {
		return "no rule on the default bus sends to riposte."
	}
	samples := slices.DeleteFunc(slices.Clone(d.Rules), func(r Rule) bool { return r.Sample == nil || r.ReadOnly })
	if len(samples) == 0 {
		samples = []Rule{{ID: "any call", Sample: []byte(probe)}}
	}
	var missed []string
	for _, s := range samples {
		if !slices.ContainsFunc(rules, func(f forwarding) bool { return f.catches(s.Sample) }) {
			missed = append(missed, s.ID)
		}
	}
	if len(missed) > 0 {
		return "no event rule catches what these need: " + strings.Join(missed, ", ") + "."
	}
	return ""
}

func (f forwarding) catches(event []byte) bool {
	if f.pattern == nil {
		return false
	}
	yes, err := f.pattern.Match(event)
	return err == nil && yes
}

func (d *doctor) globalEvents(ctx context.Context, found map[string][]forwarding, errs map[string]error) Result {
	cfg, err := d.AWS(ctx, "", "")
	if err != nil {
		return Result{Status: Unknown, Summary: "The home region is not known.", Detail: err.Error()}
	}
	region := globalRegions[awscall.Partition(cfg.Region)]
	var n notes
	switch rules, looked := found[region]; {
	case errs[region] != nil:
		n.failed(errs[region])
	case !looked:
		n.add(Fail, "add "+region+" to the regions of the configuration", "%s is not looked at: events of IAM, Organizations and CloudFront arrive there only.", region)
	case !slices.ContainsFunc(rules, func(f forwarding) bool {
		return f.catches(iamProbe())
	}):
		n.add(Fail, d.putRule(region), "No event rule in %s sends calls of IAM to riposte: they arrive there only.", region)
	}
	return n.result("Events of global services, such as IAM, are sent to riposte from "+region+".", "Events of global services, such as IAM, do not arrive.")
}

// iamProbe is a call of IAM as it arrives.
func iamProbe() []byte {
	return []byte(strings.NewReplacer("aws.cloudtrail", "aws.iam", "cloudtrail.amazonaws.com", "iam.amazonaws.com", "StopLogging", "CreateAccessKey").Replace(probe))
}

// readOnlyEvents looks at the blind spot: EventBridge leaves Get, List and Describe calls out unless a rule asks for them
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html).
func (d *doctor) readOnlyEvents(found map[string][]forwarding, errs map[string]error) Result {
	var blind []string
	for _, r := range d.Rules {
		if r.ReadOnly {
			blind = append(blind, r.ID)
		}
	}
	if len(blind) == 0 {
		return Result{Status: OK, Summary: "No enabled rule needs Get, List or Describe calls."}
	}
	var n notes
	for _, region := range slices.Sorted(maps.Keys(errs)) {
		n.failed(fmt.Errorf("%s: %w", region, errs[region]))
	}
	silent := byRegion{}
	for _, region := range slices.Sorted(maps.Keys(found)) {
		if !slices.ContainsFunc(found[region], func(f forwarding) bool { return f.allCalls }) {
			silent.add(region, "Get, List and Describe calls are not sent.")
		}
	}
	silent.note(&n, Warn, d.putRule)
	return n.result("Get, List and Describe calls are sent to riposte.", "These rules cannot fire everywhere, as EventBridge leaves read-only calls out: "+strings.Join(blind, ", ")+".")
}

// forwardings returns the enabled rules of a region's default bus that send to riposte.
func (d *doctor) forwardings(ctx context.Context, cfg aws.Config) ([]forwarding, error) {
	client := eventbridge.NewFromConfig(cfg)
	ours, err := d.ourTargets(ctx, client)
	if err != nil {
		return nil, err
	}
	var found []forwarding
	for token := (*string)(nil); ; {
		out, err := client.ListRules(ctx, &eventbridge.ListRulesInput{NextToken: token})
		if err != nil {
			return nil, awscall.Fault(err, "events:ListRules", "list the event rules")
		}
		for _, rule := range out.Rules {
			if rule.State == types.RuleStateDisabled || rule.EventPattern == nil {
				continue
			}
			sends, err := sendsTo(ctx, client, rule.Name, ours)
			if err != nil {
				return nil, err
			}
			if sends {
				f := forwarding{allCalls: rule.State == types.RuleStateEnabledWithAllCloudtrailManagementEvents}
				if parsed, err := pattern.Parse([]byte(*rule.EventPattern)); err == nil {
					f.pattern = parsed
				}
				found = append(found, f)
			}
		}
		if token = out.NextToken; token == nil {
			return found, nil
		}
	}
}

// ourTargets returns the ARNs of our queues and of the API destinations that post to us.
func (d *doctor) ourTargets(ctx context.Context, client *eventbridge.Client) (map[string]bool, error) {
	ours := map[string]bool{}
	for _, q := range d.Queues {
		ours[q.ARN] = true
	}
	if len(d.Endpoints) == 0 {
		return ours, nil
	}
	for token := (*string)(nil); ; {
		out, err := client.ListApiDestinations(ctx, &eventbridge.ListApiDestinationsInput{NextToken: token})
		if err != nil {
			return nil, awscall.Fault(err, "events:ListApiDestinations", "list the API destinations")
		}
		for _, a := range out.ApiDestinations {
			if slices.ContainsFunc(d.Endpoints, func(url string) bool { return strings.HasPrefix(aws.ToString(a.InvocationEndpoint), url) }) {
				ours[aws.ToString(a.ApiDestinationArn)] = true
			}
		}
		if token = out.NextToken; token == nil {
			return ours, nil
		}
	}
}

// sendsTo reports whether one of the rule's targets is ours, or another bus that may send on to us.
func sendsTo(ctx context.Context, client *eventbridge.Client, rule *string, ours map[string]bool) (bool, error) {
	for token := (*string)(nil); ; {
		out, err := client.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: rule, NextToken: token})
		if err != nil {
			return false, awscall.Fault(err, "events:ListTargetsByRule", "list the targets of event rule %s", aws.ToString(rule))
		}
		for _, t := range out.Targets {
			if arn := aws.ToString(t.Arn); ours[arn] || strings.Contains(arn, ":event-bus/") {
				return true, nil
			}
		}
		if token = out.NextToken; token == nil {
			return false, nil
		}
	}
}

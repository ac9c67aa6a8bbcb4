package elb

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

type redirectParams struct {
	ARN  string `json:"load_balancer_arn"`
	Port int32  `json:"port,omitempty"`
}

// NewRedirectHTTP returns the action elasticloadbalancing.redirect-http.
func NewRedirectHTTP(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[redirectParams, answers]{
		Spec: action.Spec{
			Name:  "elasticloadbalancing.redirect-http",
			Title: "Redirect HTTP to HTTPS at a load balancer",
			Description: "Has each HTTP listener of an application load balancer redirect to one of its HTTPS listeners (HTTP_301), whatever it answered by " +
				"default. A program that sends data by HTTP and follows no redirect fails then; so do all clients where no security group lets them in " +
				"at the other port, which is not looked at. Browsers remember the redirect after the undo. A listener whose rules answer without TLS, " +
				"which come before its default, is left to people, and so is a load balancer without an HTTPS listener.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["load_balancer_arn"], "properties": {` + balancerSchema + `,
  "port": {"type": "integer", "minimum": 1, "maximum": 65535,
    "description": "port of the HTTPS listener; without this, the only one's, and among several 443 for the listener at port 80"}}}`),
			Permissions: []string{
				"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeListeners",
				"elasticloadbalancing:DescribeRules", "elasticloadbalancing:ModifyListener",
			},
			Effect: action.StateChecked,
		},
		Find: findPlain, Leave: leaveListener, Read: readAnswers, Want: wantRedirect, Same: sameAnswers,
		Steps: func(r action.Resource, _, to answers) ([]setting.Step[answers], error) {
			input := map[string]any{"ListenerArn": r.ARN, "DefaultActions": to.Actions}
			return []setting.Step[answers]{{Operation: "ModifyListener", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"ModifyListener": setting.Op(elb.NewFromConfig, (*elb.Client).ModifyListener)},
	})
}

// answers are what a listener does with requests that none of its rules is for.
type answers struct {
	Actions []map[string]any `json:"default_actions"` // with the names of the API

	port    int32
	secure  []int32  // ports of HTTPS listeners beside it
	without []string // rules that answer without TLS
}

const listenerType = "AWS::ElasticLoadBalancingV2::Listener"

// findPlain returns the HTTP listeners of a load balancer, with its tags and their own; the load balancer itself where it has none.
func findPlain(ctx context.Context, cfg aws.Config, req action.Request, p redirectParams) ([]action.Resource, error) {
	found, err := find(ctx, cfg, req, p.ARN, "app")
	if err != nil {
		return nil, err
	}
	all, err := listeners(ctx, cfg, p.ARN)
	if err != nil {
		return nil, err
	}
	var plain []action.Resource
	for _, l := range all {
		if l.Protocol != types.ProtocolEnumHttp {
			continue
		}
		r := found[0]
		r.Type, r.ARN, r.Name = listenerType, aws.ToString(l.ListenerArn), fmt.Sprintf("%s:%d", r.Name, aws.ToInt32(l.Port))
		if r.Tags, err = tagsOf(ctx, cfg, p.ARN, r.ARN); err != nil {
			return nil, err
		}
		plain = append(plain, r)
	}
	if plain == nil {
		return found, nil
	}
	return plain, nil
}

// listeners are those of a load balancer.
func listeners(ctx context.Context, cfg aws.Config, balancer string) ([]types.Listener, error) {
	var all []types.Listener
	for p := elb.NewDescribeListenersPaginator(elb.NewFromConfig(cfg), &elb.DescribeListenersInput{LoadBalancerArn: &balancer}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, gone(err, "elasticloadbalancing:DescribeListeners", balancer)
		}
		all = append(all, page.Listeners...)
	}
	return all, nil
}

func leaveListener(_ context.Context, _ aws.Config, r action.Resource) (string, error) {
	if cluster := clusterOf(r); cluster != "" {
		return "The controller of the cluster " + cluster + " keeps its listeners: set the annotation alb.ingress.kubernetes.io/ssl-redirect of its Ingress.", nil
	}
	return "", nil
}

func readAnswers(ctx context.Context, cfg aws.Config, r action.Resource) (answers, error) {
	if r.Type != listenerType {
		return answers{}, nil
	}
	balancer := strings.Replace(r.ARN[:strings.LastIndexByte(r.ARN, '/')], ":listener/", ":loadbalancer/", 1)
	all, err := listeners(ctx, cfg, balancer)
	if err != nil {
		return answers{}, err
	}
	i := slices.IndexFunc(all, func(l types.Listener) bool { return aws.ToString(l.ListenerArn) == r.ARN })
	if i < 0 {
		return answers{}, noListener(r.ARN)
	}
	now := answers{port: aws.ToInt32(all[i].Port)}
	for _, l := range all {
		if l.Protocol == types.ProtocolEnumHttps {
			now.secure = append(now.secure, aws.ToInt32(l.Port))
		}
	}
	if now.Actions, err = spelt(all[i].DefaultActions); err != nil {
		return answers{}, err
	}
	now.without, err = rulesWithout(ctx, cfg, r.ARN)
	return now, err
}

// wantRedirect says what a listener should answer, and where that can't be said for people.
func wantRedirect(r action.Resource, p redirectParams, now answers) (answers, string, error) {
	switch {
	case r.Type != listenerType:
		return now, "It has no listener that speaks HTTP.", nil
	case len(now.without) > 0:
		return now, "", setting.Escalation("Rules of the listener come before its default and answer without TLS: " + strings.Join(now.without, ", ") +
			". Have each redirect to HTTPS (aws elbv2 modify-rule) or delete it, and plan this again.")
	case toHTTPS(now.Actions):
		return now, "It redirects to HTTPS already.", nil
	}
	port, err := securePort(p.Port, now)
	if err != nil {
		return now, "", err
	}
	// Every part, as AWS answers it.
	to := map[string]any{"Protocol": "HTTPS", "Port": fmt.Sprint(port), "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}", "StatusCode": "HTTP_301"}
	return answers{Actions: []map[string]any{{"Type": "redirect", "RedirectConfig": to}}}, doesNow(now.Actions), nil
}

// securePort is the port that is redirected to.
func securePort(wanted int32, now answers) (int32, error) {
	switch {
	case len(now.secure) == 0:
		return 0, setting.Escalation("The load balancer has no HTTPS listener: a redirect would take the site down. Get a certificate (aws acm request-certificate), " +
			"make the listener (aws elbv2 create-listener --protocol HTTPS --port 443 with it and the same default actions), let clients in at 443 in the " +
			"security group, and plan this again.")
	case wanted != 0 && !slices.Contains(now.secure, wanted):
		return 0, setting.Escalation(fmt.Sprintf("The load balancer has no HTTPS listener at port %d: name one of %s.", wanted, ports(now.secure)))
	case wanted != 0:
		return wanted, nil
	case len(now.secure) == 1:
		return now.secure[0], nil
	case now.port == 80 && slices.Contains(now.secure, 443):
		return 443, nil
	}
	return 0, setting.Escalation("The load balancer has HTTPS listeners at " + ports(now.secure) + ": name the port that this one is to redirect to.")
}

func ports(list []int32) string {
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = fmt.Sprint(p)
	}
	return strings.Join(texts, ", ")
}

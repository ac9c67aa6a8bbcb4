package sandbox_test

import (
	"strings"
	"testing"

	"riposte.dev/sandbox"
)

func TestLoadBalancerAttributes(t *testing.T) {
	n := newNetwork(t, sandbox.Options{})
	arn := n.cli("us-east-1", "elbv2", "create-load-balancer", "--name", "edge", "--type", "network", "--query", "LoadBalancers[0].LoadBalancerArn", "--output", "text")
	if !strings.Contains(arn, ":loadbalancer/net/edge/") {
		t.Errorf("the ARN is %s", arn)
	}
	set := func(key, value string) (string, error) {
		return n.tryCLI("us-east-1", "elbv2", "modify-load-balancer-attributes", "--load-balancer-arn", arn, "--attributes", "Key="+key+",Value="+value)
	}
	for _, refused := range []string{"routing.http.drop_invalid_header_fields.enabled", "access_logs.s3.enabled"} { // for others; without a bucket
		if out, err := set(refused, "true"); err == nil || !strings.Contains(out, "InvalidConfigurationRequest") {
			t.Errorf("%s: %v: %s", refused, err, out)
		}
	}
	if out, err := set("deletion_protection.enabled", "true"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	got := n.cli("us-east-1", "elbv2", "describe-load-balancer-attributes", "--load-balancer-arn", arn, "--query", "Attributes[?Key=='deletion_protection.enabled'].Value", "--output", "text")
	if got != "true" {
		t.Errorf("it is %s", got)
	}
}

func TestSuspendedProcesses(t *testing.T) {
	n := newNetwork(t, sandbox.Options{})
	group := []string{"--auto-scaling-group-name", "web"}
	aws := func(operation string, more ...string) (string, error) {
		return n.tryCLI("us-east-1", append(append([]string{"autoscaling", operation}, group...), more...)...)
	}
	if out, err := aws("create-auto-scaling-group", "--min-size", "0", "--max-size", "1"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := aws("suspend-processes", "--scaling-processes", "Sleep"); err == nil || !strings.Contains(out, "ValidationError") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := aws("suspend-processes"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := aws("resume-processes", "--scaling-processes", "AZRebalance", "HealthCheck"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	got := n.cli("us-east-1", "autoscaling", "describe-auto-scaling-groups", "--query", "AutoScalingGroups[0].SuspendedProcesses[].ProcessName", "--output", "text")
	if strings.Contains(got, "HealthCheck") || len(strings.Fields(got)) != 7 {
		t.Errorf("suspended are %s", got)
	}
}

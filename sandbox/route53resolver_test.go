package sandbox_test

import (
	"strings"
	"testing"

	"riposte.dev/sandbox"
)

func TestDomainLists(t *testing.T) {
	n := newNetwork(t, sandbox.Options{})
	list := n.cli("us-east-1", "route53resolver", "create-firewall-domain-list", "--name", "blocked", "--tags", "Key=team,Value=soc", "--query", "FirewallDomainList.Id", "--output", "text")
	update := func(operation string, domains ...string) (string, error) {
		return n.tryCLI("us-east-1", append([]string{"route53resolver", "update-firewall-domains", "--firewall-domain-list-id", list, "--operation", operation, "--domains"}, domains...)...)
	}
	for _, step := range []struct {
		operation string
		domains   []string
		want      string
	}{
		{"ADD", []string{"Miner.example.com", "*.example.net"}, "*.example.net. miner.example.com."},
		{"ADD", []string{"miner.example.com."}, "*.example.net. miner.example.com."},
		{"REMOVE", []string{"miner.example.com"}, "*.example.net."},
		{"REPLACE", []string{"a.example.com"}, "a.example.com."},
	} {
		if out, err := update(step.operation, step.domains...); err != nil || !strings.Contains(out, "UPDATING") {
			t.Errorf("%v: %s", err, out)
		}
		got := n.cli("us-east-1", "route53resolver", "list-firewall-domains", "--firewall-domain-list-id", list, "--query", "join(' ', Domains)", "--output", "text")
		if got != step.want {
			t.Errorf("after %s %v: %q, want %q", step.operation, step.domains, got, step.want)
		}
	}
	if out, err := update("ADD", "a b"); err == nil || !strings.Contains(out, "ValidationException") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := n.tryCLI("us-east-1", "route53resolver", "get-firewall-domain-list", "--firewall-domain-list-id", "rslvr-fdl-none"); err == nil || !strings.Contains(out, "ResourceNotFoundException") {
		t.Errorf("%v: %s", err, out)
	}
}

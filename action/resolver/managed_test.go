package resolver

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"
)

func TestListsThatAWSKeepsAreLeft(t *testing.T) {
	if why := keptByAWS(&types.FirewallDomainList{ManagedOwnerName: aws.String("Route 53 Resolver DNS Firewall")}); !strings.Contains(why, "of your own") {
		t.Errorf("left because %q", why)
	}
	if why := keptByAWS(&types.FirewallDomainList{}); why != "" {
		t.Errorf("left because %q", why)
	}
}

func FuzzDomain(f *testing.F) {
	f.Add("*.Example.com.")
	f.Add("a..b")
	f.Fuzz(func(t *testing.T, text string) {
		domain, err := params{Domain: text}.domain()
		if err != nil {
			return
		}
		raw, _ := json.Marshal(domain)
		if again, err := (params{Domain: domain}).domain(); err != nil || again != domain || len(raw) != len(domain)+2 || !strings.Contains(domain, ".") {
			t.Errorf("%q is %q, and that %q, %v", text, domain, again, err)
		}
	})
}

package wafv2_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/wafv2"
	"riposte.dev/fault"
)

// takeOff takes the web ACL off, and returns the parameters for the event's record.
func (s site) takeOff(resource string) string {
	s.T.Helper()
	_, err := s.client.DisassociateWebACL(s.T.Context(), &sdk.DisassociateWebACLInput{ResourceArn: &resource})
	s.Must(err)
	return s.EventParams(actiontest.Region, "DisassociateWebACL")
}

func TestRestoreConformance(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		s := newSite(t)
		s.put(s.balancer, s.other)
		s.put(s.balancer, s.acl) // the last one counts
		s.put(s.stage, s.other)
		params := s.takeOff(s.balancer)
		w := s.World(wafv2.NewRestoreWebACL, params, strings.ReplaceAll(params, "/app/shop/", "/app/shop/0"), s.behind)
		w.Interfere = func() { s.put(s.balancer, s.other) }
		w.Elsewhere = []string{"apigateway:GET", "apigateway:SetWebACL"} // as associate-web-acl needs them
		return w
	})
}

func TestWebACLsThatAreRestoredOrNot(t *testing.T) {
	for _, tt := range []struct {
		name   string
		params func(site) string
		status action.Status
		says   string
	}{
		{"of a stage", func(s site) string { s.put(s.stage, s.acl); return s.takeOff(s.stage) }, action.Change, "taken off"},
		{"nothing tells of it", func(s site) string { s.put(s.balancer, s.acl); return s.takeOff(s.stage) }, action.Escalated, "history doesn't tell"},
		{"another one since", func(s site) string {
			s.put(s.stage, s.acl)
			params := s.takeOff(s.stage)
			s.put(s.stage, s.other)
			return params
		}, action.Unneeded, "looks at its requests already"},
		{"the web ACL is gone", func(s site) string {
			s.put(s.stage, s.acl)
			params := s.takeOff(s.stage)
			id := s.acl[strings.LastIndexByte(s.acl, '/')+1:]
			got, err := s.client.GetWebACL(s.T.Context(), &sdk.GetWebACLInput{Name: aws.String("site"), Id: &id, Scope: types.ScopeRegional})
			s.Must(err)
			_, err = s.client.DeleteWebACL(s.T.Context(), &sdk.DeleteWebACLInput{Name: aws.String("site"), Id: &id, Scope: types.ScopeRegional, LockToken: got.LockToken})
			s.Must(err)
			return params
		}, action.Escalated, "deleted since"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			actiontest.Want(t, s.Item(s.Action(wafv2.NewRestoreWebACL), actiontest.Request(tt.params(s))), tt.status, tt.says)
		})
	}
	s := newSite(t)
	for _, params := range []string{
		`{"event":{"eventName":"AssociateWebACL","requestParameters":{"resourceArn":"` + s.stage + `"}}}`,
		`{"event":{"eventName":"DisassociateWebACL","requestParameters":{"resourceArn":"arn:aws:appsync:eu-west-1:111122223333:apis/x"}}}`,
	} {
		if _, err := s.Action(wafv2.NewRestoreWebACL).Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", params, err)
		}
	}
}

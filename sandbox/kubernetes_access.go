package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
)

// kubeRule allows verbs on resources; "*" stands for all
// (https://kubernetes.io/docs/reference/access-authn-authz/rbac/).
type kubeRule struct {
	APIGroups     []string `json:"apiGroups"`
	Resources     []string `json:"resources"`
	Verbs         []string `json:"verbs"`
	ResourceNames []string `json:"resourceNames"`
}

func (r kubeRule) allows(c *kubeCall) bool {
	in := func(list []string, what string) bool {
		return slices.Contains(list, "*") || slices.Contains(list, what)
	}
	return in(r.APIGroups, c.resource.group) && in(r.Resources, c.resource.plural) && in(r.Verbs, c.verb) &&
		(len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, c.name))
}

// accessPolicyRules are what EKS's own access policies allow of what the
// sandbox has; nil for no such policy
// (https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html).
func accessPolicyRules(arn string) []kubeRule {
	namespaced := func(verbs ...string) []kubeRule {
		return []kubeRule{
			{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: verbs},
			{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"networkpolicies"}, Verbs: verbs},
		}
	}
	switch arn {
	case eksClusterAdmin:
		return []kubeRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}}
	case eksAccessPolicies + "AmazonEKSAdminPolicy", eksAccessPolicies + "AmazonEKSEditPolicy":
		return namespaced("create", "delete", "get", "list", "patch", "update", "watch")
	case eksAccessPolicies + "AmazonEKSViewPolicy":
		return namespaced("get", "list", "watch")
	default:
		return nil
	}
}

// allow refuses what the user may not do.
func (c *kubeCall) allow(user *kubeUser) error {
	for _, p := range user.policies {
		if len(p.namespaces) > 0 && !slices.Contains(p.namespaces, c.namespace) {
			continue
		}
		if slices.ContainsFunc(accessPolicyRules(p.arn), func(r kubeRule) bool { return r.allows(c) }) {
			return nil
		}
	}
	if slices.ContainsFunc(c.boundRules(user), func(r kubeRule) bool { return r.allows(c) }) {
		return nil
	}
	where := "at the cluster scope"
	if c.namespace != "" {
		where = `in the namespace "` + c.namespace + `"`
	}
	what := c.resource.plural
	if c.name != "" {
		what += ` "` + c.name + `"`
	}
	return kubeFailure(http.StatusForbidden, "Forbidden", "%s is forbidden: User %q cannot %s resource %q in API group %q %s",
		what, user.name, c.verb, c.resource.plural, c.resource.group, where)
}

// boundRules are those of the cluster roles that are bound to the user or its groups.
func (c *kubeCall) boundRules(user *kubeUser) []kubeRule {
	var rules []kubeRule
	objects := c.objects()
	for key, object := range objects.all {
		if key.resource != "clusterrolebindings" {
			continue
		}
		var binding struct {
			Subjects []struct{ Kind, Name string }
			RoleRef  struct{ Kind, Name string }
		}
		var role struct{ Rules []kubeRule }
		bound := object.into(&binding) && slices.ContainsFunc(binding.Subjects, func(s struct{ Kind, Name string }) bool {
			return s.Kind == "User" && s.Name == user.name || s.Kind == "Group" && slices.Contains(user.groups, s.Name)
		})
		if bound && binding.RoleRef.Kind == "ClusterRole" && objects.all[kubeKey{resource: "clusterroles", name: binding.RoleRef.Name}].into(&role) {
			rules = append(rules, role.Rules...)
		}
	}
	return rules
}

// into reads the object into a struct, and reports whether it could be.
func (o kubeObject) into(v any) bool {
	raw, err := json.Marshal(o)
	return err == nil && json.Unmarshal(raw, v) == nil
}

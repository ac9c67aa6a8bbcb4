package demo

// configuration is the riposte.yaml of the demo; the verbs are filled in by world.configure.
const configuration = `# The configuration that riposte runs with in the demo.
server: {listen: %q}
mode: auto # the boldest mode of any rule; without it riposte only shows what it would do
guard: {allow: [{accounts: ["*"]}]} # where it may change anything
aws:
  region: %s
  endpoint: %s # the look-alike; leave it out for AWS
  access_key_id: %s # for the look-alike only; for AWS use a role or a profile
  secret_access_key: %s
  responder: arn:aws:iam::111122223333:role/riposte-responder
  accounts:
    - {id: "%s", role: "arn:aws:iam::%s:role/riposte-responder", external_id: %s}
rules: {paths: [rules], playbooks: [playbooks]}
security_contact: soc@example.com
threat_lists:
  - {name: Example addresses (RFC 5737), path: threats.txt}
notify:
  mail: {host: %s, port: %s, tls: none, from: riposte@example.com}
  topics: {security-alerts: "%s"}
  owner_domains: [shop.example]
  routes:
    secops: {channels: [mail, security-alerts], to: [soc@example.com]}
`

// databaseRule is a rule of one's own, in the mode in which every new rule begins.
const databaseRule = `id: database-port-opened
title: PostgreSQL was opened to the world
story: |
  Databases are reached from inside only. The rule is new, so it runs dry: it shows what it would do.
severity: MEDIUM
match:
  pattern:
    source: [aws.ec2]
    detail-type: [AWS API Call via CloudTrail]
    detail: {eventName: [AuthorizeSecurityGroupIngress], requestParameters: {ipPermissions: {items: {fromPort: [5432]}}}}
respond:
  playbook: close-database-port
  mode: dry-run
  input: {account: $.account, region: $.region, group: $.detail.requestParameters.groupId}
notify: [secops]
false_positives: A database that is public on purpose.
`

const databasePlaybook = `Comment: Closes PostgreSQL's port to the world.
StartAt: Close
States:
  Close:
    Type: Task
    Resource: riposte:action:ec2.revoke-ingress
    Parameters: {account.$: $.account, region.$: $.region, group.$: $.group, ports: [5432]}
    ResultPath: $.close
    Next: Tell
  Tell: {Type: Task, Resource: riposte:notify, Parameters: {}, End: true}
`

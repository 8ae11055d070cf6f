{{- define "groundswell.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "groundswell.selector" . }}
{{- end }}

{{- define "groundswell.selector" -}}
app.kubernetes.io/name: groundswell
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "groundswell.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* SASL_SSL, SSL, SASL_PLAINTEXT or PLAINTEXT, by what is given. */}}
{{- define "groundswell.protocol" -}}
{{- $tls := .Values.kafka.tls.caSecret.name -}}
{{ if .Values.kafka.sasl.username }}SASL_{{ end }}{{ if $tls }}SSL{{ else }}PLAINTEXT{{ end }}
{{- end }}

{{/* What stands for {prefix} and {group} in the names of files/kafka.json. Takes (list . name). */}}
{{- define "groundswell.named" -}}
{{- $kafka := (index . 0).Values.kafka -}}
{{ index . 1 | replace "{prefix}" $kafka.topicPrefix | replace "{group}" $kafka.group }}
{{- end }}

{{/* What every container needs to find Kafka, but for its login. */}}
{{- define "groundswell.kafka" -}}
{{- $values := .Values -}}
- { name: GROUNDSWELL_BROKER, value: {{ required "kafka.bootstrapServers: host:port of your Kafka" $values.kafka.bootstrapServers | quote }} }
- { name: GROUNDSWELL_PARTITIONS, value: {{ $values.kafka.partitions | quote }} }
- { name: GROUNDSWELL_REPLICATION, value: {{ $values.kafka.replication | quote }} }
- { name: GROUNDSWELL_TOPIC_PREFIX, value: {{ $values.kafka.topicPrefix | quote }} }
- { name: GROUNDSWELL_GROUP, value: {{ $values.kafka.group | quote }} }
- { name: GROUNDSWELL_SECURITY_PROTOCOL, value: {{ include "groundswell.protocol" . }} }
{{- if $values.kafka.tls.caSecret.name }}
- { name: GROUNDSWELL_SSL_CAFILE, value: /etc/groundswell/kafka-ca/{{ $values.kafka.tls.caSecret.key }} }
{{- end }}
{{- with $values.kafka.tls.clientSecret }}{{ if .name }}
- { name: GROUNDSWELL_SSL_CERTFILE, value: /etc/groundswell/kafka-client/{{ .certificate }} }
- { name: GROUNDSWELL_SSL_KEYFILE, value: /etc/groundswell/kafka-client/{{ .key }} }
{{- end }}{{ end }}
{{- end }}

{{/* What a worker needs besides. */}}
{{- define "groundswell.settings" -}}
{{- $values := .Values -}}
- name: GROUNDSWELL_PSEUDONYM_KEY
  valueFrom: { secretKeyRef: { name: {{ $values.pseudonymKeySecret.name }}, key: {{ $values.pseudonymKeySecret.key }} } }
{{- range $name, $value := $values.settings }}
- { name: GROUNDSWELL_{{ upper $name }}, value: {{ if kindIs "string" $value }}{{ quote $value }}{{ else }}{{ toJson $value | quote }}{{ end }} }
{{- end }}
{{- with $values.tracing }}{{ if .endpoint }}
- { name: GROUNDSWELL_TRACES, value: "true" }
- { name: GROUNDSWELL_TRACE_SHARE, value: {{ .share | quote }} }
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ .endpoint | quote }} }
{{- if .headersSecret.name }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom: { secretKeyRef: { name: {{ .headersSecret.name }}, key: {{ .headersSecret.key }} } }
{{- end }}
{{- end }}{{ end }}
{{- range $name, $from := $values.secretSettings }}
- name: GROUNDSWELL_{{ upper $name }}
  valueFrom: { secretKeyRef: { name: {{ $from.name }}, key: {{ $from.key }} } }
{{- end }}
{{- end }}

{{/* Takes (list . login), with login as kafka.sasl. */}}
{{- define "groundswell.login" -}}
{{- $login := index . 1 -}}
- { name: GROUNDSWELL_SASL_MECHANISM, value: {{ (index . 0).Values.kafka.sasl.mechanism }} }
- { name: GROUNDSWELL_SASL_USERNAME, value: {{ $login.username | quote }} }
- name: GROUNDSWELL_SASL_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ required "with a username, passwordSecret.name" $login.passwordSecret.name }}
      key: {{ $login.passwordSecret.key }}
{{- end }}

{{/* Of a pod: nobody's rights, and nothing that can be written to but the two folders below. */}}
{{- define "groundswell.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "groundswell.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "groundswell.mounts" -}}
# Nothing that matters is kept here: state is on Kafka.
- { name: state, mountPath: /var/lib/groundswell }
- { name: tmp, mountPath: /tmp }
{{- if .Values.kafka.tls.caSecret.name }}
- { name: kafka-ca, mountPath: /etc/groundswell/kafka-ca, readOnly: true }
{{- end }}
{{- if .Values.kafka.tls.clientSecret.name }}
- { name: kafka-client, mountPath: /etc/groundswell/kafka-client, readOnly: true }
{{- end }}
{{- end }}

{{- define "groundswell.volumes" -}}
- { name: state, emptyDir: { sizeLimit: 128Mi } }
- { name: tmp, emptyDir: { sizeLimit: 64Mi } }
{{- with .Values.kafka.tls.caSecret.name }}
- { name: kafka-ca, secret: { secretName: {{ . }}, defaultMode: 0440 } }
{{- end }}
{{- with .Values.kafka.tls.clientSecret.name }}
- { name: kafka-client, secret: { secretName: {{ . }}, defaultMode: 0440 } }
{{- end }}
{{- end }}

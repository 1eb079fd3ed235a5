{{/* Takes (dict "root" $ "service" name "role" role): the labels by which the pods of a role are chosen. */}}
{{- define "optima.selector" -}}
app.kubernetes.io/name: optima
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- with .role }}
optima.linea/role: {{ . }}
{{- end }}
{{- end }}

{{- define "optima.labels" -}}
{{ include "optima.selector" . }}
app.kubernetes.io/part-of: optima
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "optima.name" -}}
{{ .root.Release.Name }}-{{ .service }}{{ with .role }}-{{ . }}{{ end }}
{{- end }}

{{- define "optima.image" -}}
{{- $values := .root.Values.image -}}
{{- $service := index .root.Values.services .service -}}
{{- if $service.digest -}}
{{ $values.registry }}/{{ .service }}@{{ $service.digest }}
{{- else -}}
{{ $values.registry }}/{{ .service }}:{{ $values.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "optima.issuer" -}}
{{ .Values.issuer.url | default (printf "https://identity.%s" .Values.ingress.domain) }}
{{- end }}

{{- define "optima.jwks" -}}
{{ .Values.issuer.jwksUrl | default (printf "http://%s-identity/.well-known/jwks.json" .Release.Name) }}
{{- end }}

{{/* (dict "root" "module" "role" "password" "pooled"): a URL whose password is another variable of the container. */}}
{{- define "optima.postgresUrl" -}}
{{- $p := .root.Values.postgres -}}
{{- $pooled := and .pooled $p.pooler.host -}}
postgresql://{{ .module }}_{{ .role }}:$({{ .password }})@{{ if $pooled }}{{ $p.pooler.host }}:{{ $p.pooler.port }}{{ else }}{{ $p.host }}:{{ $p.port }}{{ end }}/{{ .module }}?sslmode={{ $p.sslMode }}
{{- if $p.caSecret }}&sslrootcert=/etc/optima/postgres/{{ $p.caKey }}
{{- else if hasPrefix "verify" $p.sslMode }}&sslrootcert=/etc/ssl/certs/ca-certificates.crt{{ end }}
{{- end }}

{{- define "optima.brokerUrl" -}}
{{- $r := .root.Values.rabbitmq -}}
amqp{{ if $r.tls }}s{{ end }}://{{ .module }}:$(BROKER_PASSWORD)@{{ $r.host }}:{{ $r.port }}/{{ $r.vhost }}
{{- if $r.caSecret }}?ssl_options=%7B%27cafile%27%3A%27%2Fetc%2Foptima%2Frabbitmq%2F{{ $r.caKey }}%27%7D{{ end }}
{{- end }}

{{/* (dict "name" "secret" "key"): a variable out of a Secret. */}}
{{- define "optima.fromSecret" -}}
- name: {{ .name }}
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}}
{{- end }}

{{/* The container's environment; "owner" adds the URL that migrations need. */}}
{{- define "optima.environment" -}}
{{- $root := .root -}}
{{- $service := index $root.Values.services .service -}}
{{- $secret := printf "%s%s" $root.Values.secrets.prefix .service -}}
{{ include "optima.fromSecret" (dict "name" "DATABASE_PASSWORD" "secret" $secret "key" "database-rw") }}
{{ include "optima.fromSecret" (dict "name" "BACKBONE_PASSWORD" "secret" $secret "key" "database-backbone") }}
{{ include "optima.fromSecret" (dict "name" "BROKER_PASSWORD" "secret" $secret "key" "broker") }}
- name: OPTIMA_DATABASE_URL
  value: {{ include "optima.postgresUrl" (dict "root" $root "module" $service.module "role" "rw" "password" "DATABASE_PASSWORD" "pooled" true) | quote }}
- name: OPTIMA_DATABASE_BACKBONE_URL
  value: {{ include "optima.postgresUrl" (dict "root" $root "module" $service.module "role" "backbone" "password" "BACKBONE_PASSWORD" "pooled" false) | quote }}
{{- if .owner }}
{{ include "optima.fromSecret" (dict "name" "OWNER_PASSWORD" "secret" (printf "%s-owner" $secret) "key" "database-owner") }}
- name: OPTIMA_DATABASE_OWNER_URL
  value: {{ include "optima.postgresUrl" (dict "root" $root "module" $service.module "role" "owner" "password" "OWNER_PASSWORD" "pooled" false) | quote }}
{{- end }}
- name: OPTIMA_BROKER_URL
  value: {{ include "optima.brokerUrl" (dict "root" $root "module" $service.module) | quote }}
- {name: OPTIMA_EVENT_KEYS, value: {{ $root.Values.events.keys | quote }}}
- {name: OPTIMA_UNSIGNED_EVENTS, value: {{ $root.Values.events.unsigned }}}
- {name: OPTIMA_ISSUER, value: {{ include "optima.issuer" $root | quote }}}
- {name: OPTIMA_JWKS_URL, value: {{ include "optima.jwks" $root | quote }}}
- {name: OPTIMA_AUDIENCE, value: {{ $root.Values.issuer.audience | quote }}}
- {name: OPTIMA_TOKEN_TYPES, value: {{ $root.Values.issuer.tokenTypes | quote }}}
- {name: OPTIMA_ENVIRONMENT, value: {{ $root.Values.environment }}}
{{- with $root.Values.proxies }}
- {name: OPTIMA_TRUSTED_PROXIES, value: {{ join "," . | quote }}}
{{- end }}
- {name: OPTIMA_DRAIN_SECONDS, value: {{ $root.Values.termination.drainSeconds | quote }}}
- {name: OPTIMA_GRACE_SECONDS, value: {{ $root.Values.termination.graceSeconds | quote }}}
{{- if gt (len $service.asks) 1 }}
{{- range $service.asks }}
- name: OPTIMA_{{ . | upper | replace "-" "_" }}_URL
  value: http://{{ include "optima.name" (dict "root" $root "service" .) }}
{{- end }}
{{- end }}
{{- if has "drop" $service.outside }}
- {name: OPTIMA_DROP_FOLDER_ROOT, value: /var/lib/optima/drop}
{{- end }}
{{- range concat $service.secrets $service.optionalSecrets }}
{{ include "optima.fromSecret" (dict "name" . "secret" $secret "key" .) }}
{{- end }}
{{- $pooler := ternary (dict "OPTIMA_DATABASE_POOLER" "transaction") (dict) (not (empty $root.Values.postgres.pooler.host)) }}
{{- $traces := ternary (dict "OPTIMA_TRACES_URL" $root.Values.tracing.url "OPTIMA_TRACES_SHARE" $root.Values.tracing.share) (dict) (not (empty $root.Values.tracing.url)) }}
{{- $mail := ternary (dict "OPTIMA_PORTAL_URL" (printf "https://portal.%s" $root.Values.ingress.domain) "OPTIMA_MAIL_FROM" (printf "Linea OPTIMA <noreply@%s>" $root.Values.ingress.domain)) (dict) (has "mail" $service.outside) }}
{{- range $name, $value := merge (dict) $service.env $root.Values.env $pooler $traces $mail }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}

{{- define "optima.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "optima.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "optima.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- with .root.Values.postgres.caSecret }}
- {name: postgres-ca, mountPath: /etc/optima/postgres, readOnly: true}
{{- end }}
{{- with .root.Values.rabbitmq.caSecret }}
- {name: rabbitmq-ca, mountPath: /etc/optima/rabbitmq, readOnly: true}
{{- end }}
{{- $outside := (index .root.Values.services .service).outside }}
{{- if and .root.Values.mail.caSecret (has "mail" $outside) }}
- {name: mail-ca, mountPath: /etc/optima/mail, readOnly: true}
{{- end }}
{{- if has "drop" $outside }}
- {name: drop, mountPath: /var/lib/optima/drop}
{{- end }}
{{- end }}

{{- define "optima.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
{{- with .root.Values.postgres.caSecret }}
- name: postgres-ca
  secret: {secretName: {{ . }}}
{{- end }}
{{- with .root.Values.rabbitmq.caSecret }}
- name: rabbitmq-ca
  secret: {secretName: {{ . }}}
{{- end }}
{{- $outside := (index .root.Values.services .service).outside }}
{{- if and .root.Values.mail.caSecret (has "mail" $outside) }}
- name: mail-ca
  secret: {secretName: {{ .root.Values.mail.caSecret }}}
{{- end }}
{{- if has "drop" $outside }}
- name: drop
  {{- if .root.Values.dropFolder.existingClaim }}
  persistentVolumeClaim: {claimName: {{ .root.Values.dropFolder.existingClaim }}}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- end }}
{{- end }}

{{- define "optima.placement" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- end }}

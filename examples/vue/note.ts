/**
 * One text that every member shares, and how many members there are. In a single-file component the template
 * is `<input v-model="text" />` and `{{ members.length }}`.
 */
import { useMembers, useValueModel } from 'gossip-kv/vue'
import { defineComponent, h, vModelText, withDirectives } from 'vue'

export const Note = defineComponent(() => {
  const text = useValueModel('note', '')
  const members = useMembers()
  return () =>
    h('main', [
      h('label', [
        'A note for everybody ',
        withDirectives(
          h('input', {
            'onUpdate:modelValue': (typed: string) => {
              text.value = typed
            },
          }),
          [[vModelText, text.value]],
        ),
      ]),
      h('p', `Members: ${members.value.length}`),
    ])
})

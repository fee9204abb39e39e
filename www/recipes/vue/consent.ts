// Consent in Vue: copy this file. On a server, and until a yes is known, everything is no, so what is rendered there is what the
// browser renders first.
import { accepted, on, type Purpose } from 'consentry-banner';
import {
  defineComponent,
  onBeforeUnmount,
  onMounted,
  readonly,
  ref,
  toValue,
  watch,
  type MaybeRefOrGetter,
  type PropType,
  type Ref,
} from 'vue';

/** Whether data may be used for a purpose; follows every change. */
export function useConsent(purpose: MaybeRefOrGetter<Purpose>): Readonly<Ref<boolean>> {
  const allowed = ref(false);
  const look = () => {
    allowed.value = accepted(toValue(purpose));
  };
  const stops: (() => void)[] = [];
  onMounted(() => stops.push(on('ready', look), on('change', look)));
  watch(() => toValue(purpose), look);
  onBeforeUnmount(() => stops.forEach((stop) => stop()));
  return readonly(allowed);
}

/** Renders its slot while its purpose is allowed, else the slot `fallback`. */
export const ConsentGate = defineComponent({
  props: { purpose: { type: String as PropType<Purpose>, required: true } },
  setup(props, { slots }) {
    const allowed = useConsent(() => props.purpose);
    return () => (allowed.value ? slots.default?.() : slots.fallback?.());
  },
});
